import { DecodeError, fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeHeader, encodeHeader } from "./header.ts"

const number64 = fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))

describe("a header", () => {
  it("reads back what was written, whatever follows", () => {
    fc.assert(
      fc.property(number64, number64, fc.uint8Array({ maxLength: 20 }), (kid, counter, rest) => {
        const encoded = encodeHeader({ kid, counter })
        const read = decodeHeader(Uint8Array.of(...encoded, ...rest))
        expect(read).toEqual({ kid, counter, lengthBytes: encoded.length })
      }),
    )
  })

  it("has one encoding for each value: any bytes are refused or are what would have been written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 18 }), (bytes) => {
        try {
          const { kid, counter, lengthBytes } = decodeHeader(bytes)
          expect(toHex(encodeHeader({ kid, counter }))).toBe(toHex(bytes.subarray(0, lengthBytes)))
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
    )
  })

  it.each([
    ["nothing", "", "truncated"],
    ["a key id without its bytes", "80", "truncated"],
    ["a counter that ends early", "0901", "truncated"],
    ["a key id that fits into the first byte", "8007", "not_minimal"],
    ["a counter that fits into the first byte", "0800", "not_minimal"],
    ["a counter with a leading zero", "0900ff", "not_minimal"],
  ])("is refused: %s", (_, hex, code) => {
    expect(() => decodeHeader(fromHex(hex))).toThrow(expect.objectContaining({ code }))
  })

  it.each([-1n, 2n ** 64n])("has no room for %s", (value) => {
    expect(() => encodeHeader({ kid: value, counter: 0n })).toThrow(RangeError)
    expect(() => encodeHeader({ kid: 0n, counter: value })).toThrow(RangeError)
  })
})
