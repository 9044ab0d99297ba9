import { decodeWhole, encode } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { findExtension, isDefaultExtension, readExtensions, writeExtensions } from "./extension.ts"
import type { Extension } from "./extension.ts"

const extension = (extensionType: number, ...data: readonly number[]): Extension => ({
  extensionType,
  extensionData: Uint8Array.from(data),
})
const many = (count: number): Extension[] => Array.from({ length: count }, (_, at) => extension(at + 1))
const encoded = (extensions: readonly Extension[]): Uint8Array =>
  encode((writer) => writeExtensions(writer, extensions))

/** Behind one byte of something else. */
const read = (bytes: Uint8Array): Extension[] =>
  decodeWhole(Uint8Array.of(9, ...bytes), (reader) => {
    reader.uint8()
    return readExtensions(reader)
  })

describe("a list of extensions", () => {
  it("is laid out as RFC 9420 §7.2 says, and read back", () => {
    const extensions = [extension(0xf001, 7, 8), extension(1)]
    expect(encoded(extensions)).toEqual(Uint8Array.of(8, 0xf0, 1, 2, 7, 8, 0, 1, 0))
    expect(read(encoded(extensions))).toEqual(extensions)
    expect(read(encoded([]))).toEqual([])
  })

  it.each([
    ["type 0", Uint8Array.of(3, 0, 0, 0), "reserved_value"],
    ["two of one type", Uint8Array.of(6, 0xf0, 1, 0, 0xf0, 1, 0), "bad_value"],
    ["more than 256", encoded(many(257)), "too_large"],
  ])("is not read with %s", (_, bytes, code) => {
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code, offset: 1 }))
  })

  it("may have 256", () => {
    expect(read(encoded(many(256)))).toEqual(many(256))
  })

  it.each([
    ["two of one type", [extension(1), extension(1)]],
    ["type 0", [extension(0)]],
  ])("is not written with %s", (_, extensions) => {
    expect(() => encoded(extensions)).toThrow(new RangeError("extension types must differ and not be 0"))
  })

  it("is searched by type", () => {
    const extensions = [extension(1, 7), extension(2, 8)]
    expect(findExtension(extensions, 2)).toBe(extensions[1]!.extensionData)
    expect(findExtension(extensions, 3)).toBeUndefined()
  })
})

describe("the default types of extensions", () => {
  it("are 1 to 5 (RFC 9420 §7.2)", () => {
    expect([0, 1, 3, 5, 6].map(isDefaultExtension)).toEqual([false, true, true, true, false])
  })
})
