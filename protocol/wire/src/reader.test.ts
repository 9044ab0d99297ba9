import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { fromHex, toHex } from "./bytes.ts"
import { DecodeError } from "./decode-error.ts"
import { decodeWhole, Reader, readList, readOptional } from "./reader.ts"
import { encode, Writer } from "./writer.ts"

const refusal = (code: string) => expect.objectContaining({ name: "DecodeError", code })

describe("reader", () => {
  it("reads back every field that a writer wrote", () => {
    const fields = fc.record({
      u8: fc.nat({ max: 0xff }),
      u16: fc.nat({ max: 0xffff }),
      u32: fc.nat({ max: 0xffff_ffff }),
      u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      raw: fc.uint8Array({ minLength: 3, maxLength: 3 }),
      vector: fc.uint8Array({ maxLength: 20_000 }),
      list: fc.array(fc.nat({ max: 0xffff })),
      optional: fc.option(fc.nat({ max: 0xff }), { nil: undefined }),
    })
    fc.assert(
      fc.property(fields, (value) => {
        const bytes = encode((writer) => {
          writer.uint8(value.u8).uint16(value.u16).uint32(value.u32).uint64(value.u64).bytes(value.raw)
          writer.vector(value.vector).list(value.list, (inner, item) => void inner.uint16(item))
          writer.optional(value.optional, (inner, held) => void inner.uint8(held))
        })
        const read = decodeWhole(bytes, (reader) => ({
          u8: reader.uint8(),
          u16: reader.uint16(),
          u32: reader.uint32(),
          u64: reader.uint64(),
          raw: reader.bytes(3),
          vector: reader.vector(),
          list: readList(reader, (inner) => inner.uint16()),
          optional: readOptional(reader, (inner) => inner.uint8()),
        }))
        expect(read).toEqual(value)
      }),
    )
  })

  it("ends with the input", () => {
    expect(() => new Reader(fromHex("01")).uint16()).toThrow(refusal("truncated"))
    expect(() => new Reader(fromHex("0501")).vector()).toThrow(refusal("truncated"))
    expect(() => decodeWhole(fromHex("0102"), (reader) => reader.uint8())).toThrow(refusal("trailing_bytes"))
  })

  it("stays where it was when a field is cut short", () => {
    const reader = new Reader(fromHex("0102"))
    expect(() => reader.uint32()).toThrow(DecodeError)
    expect(reader.offset).toBe(0)
    expect(reader.uint16()).toBe(0x0102)
  })

  it("refuses a vector above its limit before its bytes are there", () => {
    expect(() => new Reader(fromHex("bfffffff")).vector(16)).toThrow(refusal("too_large"))
  })

  it("refuses a list that ends inside an item", () => {
    expect(() => readList(new Reader(fromHex("03000100")), (reader) => reader.uint16())).toThrow(refusal("truncated"))
  })

  it("refuses a presence byte other than 0 and 1", () => {
    expect(() => readOptional(new Reader(fromHex("0200")), (reader) => reader.uint8())).toThrow(
      refusal("reserved_value"),
    )
  })

  it("reads views, and only of its own part of a larger buffer", () => {
    const whole = fromHex("ff0102ff")
    const reader = new Reader(whole.subarray(1, 3))
    const view = reader.bytes(2)
    whole[1] = 9
    expect(toHex(view)).toBe("0902")
    expect(toHex(reader.since(1))).toBe("02")
    expect(() => reader.uint8()).toThrow(refusal("truncated"))
  })

  it("answers 100 000 random inputs with values or a DecodeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeWhole(bytes, (reader) => [
            reader.uint8(),
            readList(reader, (inner) => inner.vector(8)),
            reader.uint64(),
          ])
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
      { numRuns: 100_000 },
    )
  })
})

describe("writer of fields", () => {
  it("refuses what does not fit, before it writes", () => {
    const writer = new Writer()
    expect(() => writer.uint8(256)).toThrow(RangeError)
    expect(() => writer.uint16(-1)).toThrow(RangeError)
    expect(() => writer.uint32(0.5)).toThrow(RangeError)
    expect(() => writer.uint64(2n ** 64n)).toThrow(RangeError)
    expect(writer.lengthBytes).toBe(0)
  })

  it("hands out copies that it does not touch again", () => {
    const writer = new Writer().uint8(1)
    const first = writer.finish()
    writer.uint8(2)
    expect(toHex(first)).toBe("01")
  })
})

describe("a reader of a Buffer", () => {
  it("hands out views whose slice copies", () => {
    const pool = Buffer.from([2, 7, 7])
    const kept = new Reader(pool).vector().slice()
    pool.fill(0)
    expect(kept).toEqual(Uint8Array.of(7, 7))
  })
})
