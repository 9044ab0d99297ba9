import { fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isScalar, isUncompressedPoint, NIST_CURVES, scalarFromCandidates, scalarFromExtraBits } from "./nist-curves.ts"

const curves = Object.values(NIST_CURVES)

describe.each(curves)("scalars of $name", (curve) => {
  const { fieldBytes, order } = curve
  const n = BigInt(`0x${toHex(order)}`)
  const bytesOf = (value: bigint, lengthBytes = fieldBytes): Uint8Array =>
    fromHex(value.toString(16).padStart(2 * lengthBytes, "0"))

  it("are the numbers from 1 to n − 1", () => {
    const near = fc.bigInt({ min: n - 300n, max: n + 300n })
    const any = fc.bigInt({ min: 0n, max: (1n << BigInt(8 * fieldBytes)) - 1n })
    const small = fc.bigInt({ min: 0n, max: 300n })
    fc.assert(
      fc.property(fc.oneof(near, any, small), (value) => {
        expect(isScalar(curve, bytesOf(value))).toBe(value > 0n && value < n)
      }),
    )
  })

  it("have exactly one length", () => {
    expect(isScalar(curve, bytesOf(1n, fieldBytes - 1))).toBe(false)
    expect(isScalar(curve, bytesOf(1n, fieldBytes + 1))).toBe(false)
  })

  it("are the first candidate that is one, after its unused bits are cleared", () => {
    const candidates = [new Uint8Array(fieldBytes), bytesOf(n), new Uint8Array(fieldBytes).fill(0xff), bytesOf(n - 5n)]
    const counters: number[] = []
    const scalar = scalarFromCandidates(curve, (label, info, lengthBytes) => {
      expect([label, lengthBytes]).toEqual(["candidate", fieldBytes])
      counters.push(...info)
      return candidates.at(counters.length - 1) ?? order
    })
    expect(scalar).toEqual(bytesOf(n - 5n))
    expect(counters).toEqual([0, 1, 2, 3])
  })

  it("lose the bits above the order's length", () => {
    const candidate = bytesOf(7n)
    candidate[0] = 0xfe
    const first = scalarFromCandidates(curve, () => candidate.slice())[0]
    expect(first).toBe(curve.name === "P-521" ? 0 : 0xfe)
  })

  it("come from extra random bits as (c mod (n − 1)) + 1", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: fieldBytes + 8, maxLength: fieldBytes + 8 }), (seed) => {
        const expected = (BigInt(`0x${toHex(seed)}`) % (n - 1n)) + 1n
        expect(scalarFromExtraBits(curve, seed)).toEqual(bytesOf(expected))
      }),
    )
  })
})

describe.each(curves)("uncompressed points of $name", (curve) => {
  it("start with 4 and have two coordinates", () => {
    const point = new Uint8Array(curve.publicKeyBytes)
    for (const [first, isPoint] of [
      [4, true],
      [0, false],
      [2, false],
      [6, false],
    ] as const) {
      point[0] = first
      expect(isUncompressedPoint(curve, point)).toBe(isPoint)
    }
    point[0] = 4
    expect(isUncompressedPoint(curve, point.subarray(0, -1))).toBe(false)
  })
})
