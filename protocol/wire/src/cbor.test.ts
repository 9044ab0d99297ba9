import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { fromHex, toHex } from "./bytes.ts"
import { CborFields } from "./cbor-fields.ts"
import { decodeCbor, encodeCbor } from "./cbor.ts"
import type { CborKey, CborValue } from "./cbor.ts"
import { decodeOrRefuse } from "./vectors/cbor-appendix-a.ts"

const refusal = (code: string) => expect.objectContaining({ name: "DecodeError", code })

const integer = fc
  .oneof(
    fc.maxSafeInteger(),
    fc.integer({ min: 0, max: 70_000 }),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 64n), max: -(2n ** 53n) }),
  )
  .filter((value) => !Object.is(value, -0))
const text = fc.string({ unit: "binary", maxLength: 300 })
const key: fc.Arbitrary<CborKey> = fc.oneof(integer, text)
const { value: anyValue } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 6 },
    integer,
    text,
    fc.uint8Array({ maxLength: 300 }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 8 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 8 }).map((entries) => new Map(entries)),
  ),
}))

describe("CBOR", () => {
  it("reads back what it wrote, map order included", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const decoded = decodeCbor(encodeCbor(value))
        expect(decoded).toEqual(value)
        expect(toHex(encodeCbor(decoded))).toBe(toHex(encodeCbor(value)))
      }),
    )
  })

  it("accepts exactly one encoding of each value", () => {
    const near = fc.tuple(anyValue, fc.nat(), fc.nat({ max: 255 })).map(([value, at, byte]) => {
      const bytes = encodeCbor(value)
      bytes[at % bytes.length] = byte
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 20 })), (bytes) => {
        const value = decodeOrRefuse(bytes)
        if (value !== undefined) expect(toHex(encodeCbor(value))).toBe(toHex(bytes))
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    ["1800", "not_minimal", "0 in two bytes"],
    ["190017", "not_minimal", "23 in three bytes"],
    ["1a0000ffff", "not_minimal", "65535 in five bytes"],
    ["1b00000000ffffffff", "not_minimal", "2^32 − 1 in nine bytes"],
    ["5800", "not_minimal", "a long length of a byte string"],
    ["f4f4", "trailing_bytes", "two values"],
    ["5f4101ff", "reserved_value", "an indefinite byte string"],
    ["9fff", "reserved_value", "an indefinite array"],
    ["bfff", "reserved_value", "an indefinite map"],
    ["ff", "reserved_value", "a break outside"],
    ["1c", "reserved_value", "a reserved additional value"],
    ["f90000", "reserved_value", "a float"],
    ["f7", "reserved_value", "undefined"],
    ["f818", "reserved_value", "a simple value that is not well-formed"],
    ["f0", "reserved_value", "an unassigned simple value"],
    ["c100", "reserved_value", "a tag"],
    ["a201000100", "bad_value", "a repeated key"],
    ["a2616100616100", "bad_value", "a repeated text key"],
    ["a14100f6", "bad_value", "a byte string as key"],
    ["a1f4f6", "bad_value", "a boolean as key"],
    ["62c328", "bad_value", "text that is not UTF-8"],
    ["63eda080", "bad_value", "an encoded surrogate"],
    ["", "truncated", "nothing"],
    ["4401", "truncated", "a byte string that ends early"],
    ["9b00ffffffffffffff", "truncated", "an array of more items than bytes"],
    ["5bffffffffffffffff", "truncated", "a byte string of 2^64 − 1 bytes"],
    ["818181818181818180", "too_large", "nine nested arrays"],
  ])("refuses %s as %s: %s", (hex, code) => {
    expect(() => decodeCbor(fromHex(hex))).toThrow(refusal(code))
  })

  it("accepts eight nested arrays and not one more", () => {
    expect(toHex(encodeCbor(decodeCbor(fromHex("8181818181818180"))))).toBe("8181818181818180")
    expect(() => decodeCbor(fromHex("818181818181818180"))).toThrow(refusal("too_large"))
  })

  it("refuses an input above its limits before it reads it", () => {
    expect(() => decodeCbor(new Uint8Array(1024 * 1024 + 1))).toThrow(refusal("too_large"))
    expect(() => decodeCbor(fromHex("83010203"), { itemCount: 3 })).toThrow(refusal("too_large"))
    expect(decodeCbor(fromHex("83010203"), { itemCount: 4 })).toEqual([1, 2, 3])
  })

  it("does not run out of stack on deep nesting, whatever the limit on size", () => {
    expect(() => decodeCbor(new Uint8Array(1_000_000).fill(0x81))).toThrow(refusal("too_large"))
  })

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53, 5n, 2n ** 64n, -(2n ** 64n) - 1n, "\ud800"])(
    "refuses to encode %s",
    (value) => {
      expect(() => encodeCbor(value)).toThrow(RangeError)
    },
  )

  it("refuses to encode what is not a CBOR value", () => {
    expect(() => encodeCbor({ a: 1 } as unknown as CborValue)).toThrow(TypeError)
    expect(() => encodeCbor(undefined as unknown as CborValue)).toThrow(TypeError)
    expect(() => encodeCbor(new Map([[true, 1]]) as unknown as CborValue)).toThrow(TypeError)
  })

  it("hands out bytes that later calls do not overwrite", () => {
    const first = encodeCbor([1, Uint8Array.of(1, 2, 3)])
    encodeCbor([2, Uint8Array.of(9, 9, 9)])
    expect(toHex(first)).toBe("820143010203")
    const input = fromHex("43010203")
    const decoded = decodeCbor(input)
    input.fill(0)
    expect(decoded).toEqual(Uint8Array.of(1, 2, 3))
  })

  it("hands out bytes of any length whose slice is a copy, as a Buffer's is not", () => {
    for (let lengthBytes = 0; lengthBytes < 700; lengthBytes++) {
      const written = encodeCbor(new Uint8Array(lengthBytes))
      const read = decodeCbor(Buffer.from(written)) as Uint8Array
      expect([written, read].map(({ constructor }) => constructor)).toEqual([Uint8Array, Uint8Array])
      expect(written.buffer.byteLength).toBe(written.length)
    }
  })

  it("answers 100 000 random inputs with a value or a DecodeError", () => {
    const head = fc.constantFrom(0x81, 0x82, 0xa1, 0xa2, 0x41, 0x61, 0x18, 0x19, 0x1a, 0x1b, 0xf5, 0x00)
    const mixed = fc.array(fc.oneof(head, fc.nat({ max: 255 })), { maxLength: 24 }).map((list) => Uint8Array.from(list))
    fc.assert(
      fc.property(mixed, (bytes) => void decodeOrRefuse(bytes)),
      { numRuns: 100_000 },
    )
  })
})

describe("fields of a CBOR map", () => {
  const map = new Map<string, CborValue>([
    ["v", 2],
    ["ep", 7],
    ["pl", Uint8Array.of(1)],
  ])

  it("are read in the listed order", () => {
    const fields = new CborFields(map)
    expect([fields.uint("v", 255), fields.uint64("ep"), fields.bytes("pl", 1)]).toEqual([2, 7n, Uint8Array.of(1)])
    expect(() => fields.end()).not.toThrow()
  })

  it("are refused in another order", () => {
    expect(() => new CborFields(map).uint64("ep")).toThrow(refusal("not_minimal"))
  })

  it("are refused when one is missing, unknown or of another type", () => {
    expect(() => new CborFields(map).uint("x", 255)).toThrow(refusal("bad_value"))
    expect(() => new CborFields(map).text("v", 9)).toThrow(refusal("bad_value"))
    const fields = new CborFields(map)
    fields.uint("v", 2)
    expect(() => fields.end()).toThrow(refusal("bad_value"))
    expect(() => new CborFields([1])).toThrow(refusal("bad_value"))
  })

  it("are refused out of range", () => {
    expect(() => new CborFields(map).uint("v", 1)).toThrow(refusal("bad_value"))
    expect(() => new CborFields(new Map([["n", -1]])).uint64("n")).toThrow(refusal("bad_value"))
    expect(() => new CborFields(new Map([["b", Uint8Array.of(1, 2)]])).bytes("b", 1)).toThrow(refusal("too_large"))
    expect(() => new CborFields(new Map([["b", Uint8Array.of(1, 2)]])).exactly("b", 1)).toThrow(refusal("bad_value"))
  })

  it("may be absent where the protocol says so", () => {
    expect(new CborFields(map).nextIs("v")).toBe(true)
    expect(new CborFields(map).nextIs("pf")).toBe(false)
  })
})
