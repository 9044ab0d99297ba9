import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { compareBytes, concatBytes, constantTimeEqual, equalBytes, fromHex, fromUtf8, toHex, toUtf8 } from "./bytes.ts"

const bytes = fc.uint8Array({ maxLength: 40 })

describe("bytes", () => {
  it("are joined into a new array", () => {
    const first = fromHex("0102")
    const joined = concatBytes(first, new Uint8Array(0), fromHex("03"))
    first[0] = 9
    expect(toHex(joined)).toBe("010203")
  })

  it("are equal exactly if their hexadecimal is, for both comparisons", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const isSame = toHex(a) === toHex(b)
        expect(equalBytes(a, b)).toBe(isSame)
        expect(constantTimeEqual(a, b)).toBe(isSame)
        expect(constantTimeEqual(a, a.slice())).toBe(true)
      }),
    )
  })

  it("are ordered as their hexadecimal is", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const expected = toHex(a) === toHex(b) ? 0 : toHex(a) < toHex(b) ? -1 : 1
        expect(Math.sign(compareBytes(a, b))).toBe(expected)
      }),
    )
  })

  it("read back from hexadecimal, which has no other digits", () => {
    fc.assert(
      fc.property(bytes, (a) => {
        expect(fromHex(toHex(a))).toEqual(a)
      }),
    )
    for (const hex of ["0", "0g", " 00", "0x00"]) expect(() => fromHex(hex)).toThrow(RangeError)
  })

  it("read back as text only if they are UTF-8", () => {
    expect(fromUtf8(toUtf8("grüß 👋"))).toBe("grüß 👋")
    expect(fromUtf8(fromHex("efbbbf61"))).toBe("\ufeffa")
    for (const hex of ["c328", "eda080", "c0af", "f4908080"]) expect(fromUtf8(fromHex(hex))).toBeUndefined()
  })
})
