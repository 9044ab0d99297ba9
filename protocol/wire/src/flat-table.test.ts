import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { fromHex } from "./bytes.ts"
import { checkFlatTable } from "./flat-table.ts"
import type { FlatField } from "./flat-table.ts"

/** A number of 4 bytes, one of 8, a vector. */
const FIELDS: readonly FlatField[] = [4, 8, "bytes"]

/**
 * Written by hand from the description of the format: the root's offset (16), padding up to the vtable (10 bytes: its size, the
 * table's size 20, where the three fields are), the table (its vtable 10 bytes before it, the vector's offset, the long
 * number, the short one), and the vector (3 bytes, then padding).
 */
const WRITTEN = [
  ["root", "10000000"],
  ["padding", "0000"],
  ["vtable", "0a00_1400_1000_0800_0400"],
  ["table", "0a000000_10000000_1122334455667788_01000000"],
  ["vector", "03000000_aabbcc"],
  ["padding", "00"],
] as const
/** Bytes from hexadecimal with a line between the parts. */
const parts = (hex: string): Uint8Array => fromHex(hex.replaceAll("_", ""))
const written = (changes: Partial<Record<string, string>> = {}): Uint8Array =>
  parts(WRITTEN.map(([name, hex]) => changes[name] ?? hex).join(""))
const check = (bytes: Uint8Array) => checkFlatTable(bytes, FIELDS, 100)
const withByte = (at: number, byte: number): Uint8Array => {
  const bytes = written()
  bytes[at] = byte
  return bytes
}

describe("a FlatBuffers table", () => {
  it("is accepted as it was written by hand", () => {
    expect(() => check(written())).not.toThrow()
  })

  it("is accepted with its vtable behind it, and with fields left out", () => {
    // The table at 4 with one field of 4 bytes; the vtable at 12, 8 bytes behind.
    expect(() => check(parts("04000000_f8ffffff_07000000_0600_0800_0400"))).not.toThrow()
  })

  it.each([
    ["nothing", new Uint8Array(0), "truncated"],
    ["a root that leads outside", withByte(0, 0xf0), "truncated"],
    ["a root that leads into itself", withByte(0, 0), "bad_value"],
    ["a root that is not aligned", withByte(0, 18), "bad_value"],
    ["a vtable before the beginning", withByte(16, 0x40), "bad_value"],
    ["a vtable behind the end", withByte(19, 0x80), "truncated"],
    ["a vtable of an odd size", withByte(6, 9), "bad_value"],
    ["a vtable without its own head", withByte(6, 2), "bad_value"],
    ["a table that is longer than the buffer", withByte(8, 200), "truncated"],
    ["a table without room for its vtable", withByte(8, 2), "bad_value"],
    ["a field behind its table", withByte(10, 18), "bad_value"],
    ["a field on the vtable's offset", withByte(10, 0x02), "bad_value"],
    ["two fields in one place", withByte(10, 8), "bad_value"],
    ["a long number that is not aligned", withByte(12, 12), "bad_value"],
    ["a vector behind the end", withByte(20, 0xf0), "truncated"],
    ["a vector that is longer than the rest", withByte(36, 5), "truncated"],
    ["a vector of almost 2^32 bytes", withByte(39, 0xff), "truncated"],
    ["a vector over a field", withByte(20, 12), "bad_value"],
    ["something in the padding", withByte(4, 1), "trailing_bytes"],
    ["something behind the end", withByte(43, 1), "trailing_bytes"],
    ["more bytes than the limit", new Uint8Array(101), "too_large"],
  ])("is refused with %s", (_, bytes, code) => {
    expect(() => check(bytes)).toThrow(expect.objectContaining({ code }))
  })

  it("is refused with a field that the schema does not have", () => {
    expect(() => checkFlatTable(written(), [4, 8], 100)).toThrow(expect.objectContaining({ code: "reserved_value" }))
  })

  it("never makes the check fail otherwise, whatever the bytes are", () => {
    const mutated = fc.array(fc.tuple(fc.nat({ max: 43 }), fc.nat({ max: 255 })), { maxLength: 4 }).map((changes) => {
      const bytes = written()
      for (const [at, byte] of changes) bytes[at] = byte
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), mutated), (bytes) => {
        try {
          check(bytes)
        } catch (error) {
          expect((error as Error).name).toBe("DecodeError")
        }
      }),
      { numRuns: 3000 },
    )
  })
})
