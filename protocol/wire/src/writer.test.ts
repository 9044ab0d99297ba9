import { describe, expect, it } from "vitest"
import { concatBytes, toHex } from "./bytes.ts"
import { encodeVarint, vectorBytes } from "./varint.ts"
import { encode, Writer } from "./writer.ts"

describe("writer", () => {
  it("keeps every kind of field that outgrows the buffer", () => {
    const writer = new Writer(1).uint8(1).uint8(2).uint16(0x0304).uint32(0x05060708).uint64(0x090a0b0c0d0e0f10n)
    writer.bytes(Uint8Array.of(0x11, 0x12)).vector(new Uint8Array(40))
    expect(toHex(writer.finish())).toBe(`0102030405060708090a0b0c0d0e0f10111228${"00".repeat(40)}`)
  })

  it("writes both ends of every range big-endian", () => {
    const writer = new Writer().uint8(0).uint8(0xff).uint16(0).uint16(0xffff).uint32(0).uint32(0xffff_ffff)
    writer
      .uint64(0n)
      .uint64(2n ** 64n - 1n)
      .uint64(0x0102030405060708n)
      .uint32(0x8000_0001)
    const expected = "00ff0000ffff00000000ffffffff0000000000000000ffffffffffffffff010203040506070880000001"
    expect(toHex(writer.finish())).toBe(expected)
  })

  it.each([0, 63, 64, 16_383, 16_384])("puts the length in front of a vector of %i bytes", (lengthBytes) => {
    const vector = new Uint8Array(lengthBytes).fill(7)
    const expected = concatBytes(Uint8Array.of(9), encodeVarint(lengthBytes), vector)
    expect(new Writer().uint8(9).vector(vector).finish()).toEqual(expected)
    expect(new Writer().uint8(9).vectorLength(lengthBytes).bytes(vector).finish()).toEqual(expected)
    expect(vectorBytes(lengthBytes)).toBe(expected.length - 1)
  })

  it.each([0, 1, 100])("writes %i zeros between other bytes", (lengthBytes) => {
    const expected = Uint8Array.of(1, ...new Uint8Array(lengthBytes), 2)
    expect(new Writer(1).uint8(1).zeros(lengthBytes).uint8(2).finish()).toEqual(expected)
  })

  it.each([
    ["uint8", 256],
    ["uint16", 65_536],
    ["uint32", 2 ** 32],
    ["uint8", -1],
    ["uint16", 0.5],
  ] as const)("refuses an %s of %d and writes nothing", (field, value) => {
    const writer = new Writer()
    expect(() => writer[field](value)).toThrow(RangeError)
    expect(writer.lengthBytes).toBe(0)
  })

  it.each([-1n, 2n ** 64n])("refuses an uint64 of %d", (value) => {
    expect(() => new Writer().uint64(value)).toThrow(RangeError)
  })
})

describe("taking what was written", () => {
  it("hands over the buffer itself where it is full", () => {
    const writer = new Writer(2).uint16(0x0102)
    const view = writer.view()
    expect(writer.take().buffer).toBe(view.buffer)
  })

  it("copies what does not fill the buffer, and leaves no copy behind", () => {
    const writer = new Writer(8).uint16(0x0102)
    const view = writer.view()
    expect(writer.take()).toEqual(Uint8Array.of(1, 2))
    expect(view).toEqual(Uint8Array.of(0, 0))
  })

  it("copies out of borrowed bytes, which it leaves zeroed", () => {
    const borrowed = new Uint8Array(2)
    const taken = new Writer(borrowed).uint16(0x0102).take()
    expect([taken, borrowed]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(0, 0)])
  })

  it("zeroes borrowed bytes that were too few", () => {
    const borrowed = new Uint8Array(2)
    const taken = new Writer(borrowed).uint16(0x0102).uint16(0x0304).take()
    expect([taken, borrowed]).toEqual([Uint8Array.of(1, 2, 3, 4), Uint8Array.of(0, 0)])
  })

  it("does not let later writes reach what was taken", () => {
    const writer = new Writer(2).uint16(0x0102)
    const taken = writer.take()
    writer.uint16(0x0304)
    expect([taken, writer.finish()]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3, 4)])
  })

  it.each([0, 1, 3, 100])("encodes the same whether %i bytes were reserved or not", (capacityBytes) => {
    expect(encode((writer) => writer.uint8(1).uint16(0x0203), capacityBytes)).toEqual(Uint8Array.of(1, 2, 3))
  })
})

describe("encoding a structure", () => {
  it.each([0, 1, 511, 512, 513, 20_000])(
    "gives %i bytes memory of their own, whatever is encoded within",
    (lengthBytes) => {
      const inside = (writer: Writer): void => void writer.bytes(new Uint8Array(lengthBytes).fill(7))
      let inner: Uint8Array | undefined
      const outer = encode((writer) => {
        writer.uint8(1)
        inner = encode(inside)
        writer.bytes(inner)
      })
      encode((writer) => writer.bytes(new Uint8Array(600).fill(9)))
      expect(inner).toEqual(new Uint8Array(lengthBytes).fill(7))
      expect(outer).toEqual(Uint8Array.of(1, ...inner!))
      expect([inner!.buffer.byteLength, outer.buffer.byteLength]).toEqual([lengthBytes, lengthBytes + 1])
    },
  )
})
