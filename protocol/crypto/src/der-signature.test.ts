import { fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeDerSignature, encodeDerSignature } from "./der-signature.ts"

const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && toHex(bytes)

describe("an ECDSA signature in DER", () => {
  it.each([
    ["small halves", "000000050000000a", "300602010502010a"],
    ["halves that need a zero in front", "ff00000100000080", "300b020500ff00000102020080"],
    ["halves of zero", "0000000000000000", "3006020100020100"],
    ["full halves", "7f00000101000000", "300c02047f000001020401000000"],
  ])("writes %s as the shortest integers, and reads them back", (_, raw, der) => {
    expect(toHex(encodeDerSignature(fromHex(raw)))).toBe(der)
    expect(hex(decodeDerSignature(fromHex(der), 4))).toBe(raw)
  })

  it("writes a length of 128 and more in two bytes, as P-521 needs", () => {
    const raw = new Uint8Array(132).fill(1)
    const der = encodeDerSignature(raw)
    expect(toHex(der.subarray(0, 5))).toBe("3081880242")
    expect(decodeDerSignature(der, 66)).toEqual(raw)
  })

  it.each([
    ["nothing", ""],
    ["no sequence", "3106020105020106"],
    ["a sequence of a short length", "3005020105020106"],
    ["a sequence of a large length", "3007020105020106"],
    ["a long length for a short sequence", "308106020105020106"],
    ["a length of lengths", "30820006020105020106"],
    ["an indefinite length", "30800201050201060000"],
    ["trailing bytes", "300602010502010600"],
    ["trailing bytes inside", "300702010502010600"],
    ["one integer", "3003020105"],
    ["three integers", "3009020105020106020107"],
    ["another type than an integer", "3006030105020106"],
    ["an empty integer", "30050200020106"],
    ["a negative integer", "3006020180020106"],
    ["a needless zero", "300702020005020106"],
    ["a needless zero for zero", "300702020000020106"],
    ["an integer that is too long", "300a02050100000000020106"],
    ["an integer with a sign that is too long", "300b0206008000000000020106"],
    ["an integer that ends early", "30050201050202"],
    ["a length of an integer that is missing", "300402010502"],
  ])("is not read from %s", (_, der) => {
    expect(decodeDerSignature(fromHex(der), 4)).toBeUndefined()
  })

  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 132, maxLength: 132 }), (raw) => {
        expect(decodeDerSignature(encodeDerSignature(raw), 66)).toEqual(raw)
      }),
    )
  })

  it("accepts exactly one encoding of a signature", () => {
    const byte = fc.oneof(fc.constantFrom(0x30, 0x02, 0x01, 0x06, 0x00, 0x80, 0x81), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 14 }), (bytes) => {
        const der = Uint8Array.from(bytes)
        const raw = decodeDerSignature(der, 4)
        if (raw !== undefined) expect(encodeDerSignature(raw)).toEqual(der)
      }),
      { numRuns: 5000 },
    )
  })
})
