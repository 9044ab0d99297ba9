import { fromHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { suite0001 } from "../node/index.ts"
import * as edwards from "./edwards25519.ts"
import { testBytes } from "./test-bytes.ts"

const encode = edwards.encodePoint
const times = (n: bigint): edwards.EdwardsPoint => edwards.multiplyPoint(n, edwards.EDWARDS25519_BASE)
const zero = encode(edwards.EDWARDS25519_ZERO)

describe("arithmetic on edwards25519", () => {
  it("decodes what it encodes", () => {
    for (let round = 0; round < 20; round++) {
      const { publicKey } = suite0001.signatureKeyPair(testBytes(round, 32))
      expect(encode(edwards.decodePoint(publicKey)!)).toEqual(publicKey)
    }
  })

  it("comes back to the neutral element after L steps of the base point", () => {
    expect(encode(edwards.multiplyPoint(edwards.EDWARDS25519_ORDER, edwards.EDWARDS25519_BASE))).toEqual(zero)
  })

  it("adds like it multiplies", () => {
    expect(encode(edwards.addPoints(times(2n), times(3n)))).toEqual(encode(times(5n)))
  })

  it.each([
    ["y = p", `ed${"ff".repeat(30)}7f`],
    ["x = 0 with a sign", `01${"00".repeat(30)}80`],
    ["a y without x", `02${"00".repeat(31)}`],
    ["31 bytes", "00".repeat(31)],
  ])("knows no point for %s", (_, hex) => {
    expect(edwards.decodePoint(fromHex(hex))).toBeUndefined()
  })
})
