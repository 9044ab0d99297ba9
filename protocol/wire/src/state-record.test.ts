import { describe, expect, it } from "vitest"
import { DecodeError } from "./decode-error.ts"
import { decodeWhole } from "./reader.ts"
import { readRecords, recordKey, recordKeyParts, RecordReader, writeRecords } from "./state-record.ts"
import type { StateRecord } from "./state-record.ts"
import { encode } from "./writer.ts"
import { concatBytes, toUtf8 } from "./bytes.ts"

const value = Uint8Array.of(7)
const record = (key: string): StateRecord => ({ key, value })

describe("the key of a record", () => {
  it("is taken apart as it was joined, and sorts like its numbers", () => {
    const parts = ["ratchet", 2n ** 64n - 1n, 0xffff_ffff, "a", 0, 0n]
    expect(recordKey(...parts)).toBe("ratchet/ffffffffffffffff/ffffffff/a/00000000/0000000000000000")
    expect(recordKeyParts(recordKey(...parts))).toEqual(parts)
    expect(recordKey("n", 9) < recordKey("n", 10)).toBe(true)
  })

  it("has one form for each number", () => {
    expect(recordKeyParts("n/9/0000000A/000000009")).toEqual(["n", "9", "0000000A", "000000009"])
  })
})

describe("a list of records", () => {
  it("reads back what it wrote, in the order of the keys", () => {
    const bytes = encode((writer) => writeRecords(writer, ["b", "a/2", "a"].map(record)))
    expect(decodeWhole(bytes, readRecords)).toEqual(["a", "a/2", "b"].map(record))
  })

  it.each([
    ["out of order", ["b", "a"]],
    ["twice", ["a", "a"]],
    ["empty", [""]],
  ])("is refused with keys %s", (_, keys) => {
    const bytes = encode((writer) => {
      writer.list(keys, (inner, key) => inner.vector(toUtf8(key)).vector(value))
    })
    expect(() => decodeWhole(bytes, readRecords)).toThrow(expect.objectContaining({ code: "bad_value" }))
  })

  it("is refused with a key that is no text", () => {
    const bytes = concatBytes(Uint8Array.of(4, 1, 0xff, 1, 7))
    expect(() => decodeWhole(bytes, readRecords)).toThrow(DecodeError)
  })
})

describe("a reader of records", () => {
  it("gives each record once", () => {
    const reader = new RecordReader(["a", "b/00000002", "b/00000001"].map(record))
    expect(reader.take("a")).toEqual(value)
    expect(() => reader.take("a")).toThrow(DecodeError)
    expect(reader.takeOptional("c")).toBeUndefined()
    expect(reader.takeAll("b").map(({ parts }) => parts)).toEqual([[1], [2]])
    expect(reader.takeAll("b")).toEqual([])
    reader.end()
  })

  it("refuses a key that comes twice, and what is left over", () => {
    expect(() => new RecordReader([record("a"), record("a")])).toThrow(DecodeError)
    const reader = new RecordReader([record("a"), record("a/b")])
    reader.take("a")
    expect(() => reader.end()).toThrow(DecodeError)
  })
})
