import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { loadBrowserSuite } from "./browser/index.ts"
import { newSuite0001 } from "./node/index.ts"

const bytes = fc.uint8Array({ maxLength: 100 })
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe.each([
  ["node", newSuite0001({ privateKeys: 2, publicKeys: 2 })],
  ["browser", await loadBrowserSuite()],
])("HPKE on %s", (_, suite) => {
  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(seed, seed, bytes, bytes, bytes, (recipientSeed, ephemeralSeed, info, aad, plaintext) => {
        const { publicKey, privateKey } = suite.kemKeyPair(recipientSeed)
        const sealed = suite.hpkeSeal(publicKey, info, aad, plaintext, ephemeralSeed)!
        expect(suite.hpkeOpen(privateKey, info, aad, sealed)).toEqual(plaintext)
      }),
      { numRuns: 50 },
    )
  })

  it("returns for any bytes at all", () => {
    const { privateKey } = suite.kemKeyPair(new Uint8Array(32).fill(1))
    const foreign = fc.oneof(bytes, fc.uint8Array({ minLength: 32, maxLength: 32 }))
    fc.assert(
      fc.property(foreign, foreign, bytes, (kemOutput, ciphertext, info) => {
        expect(suite.hpkeOpen(privateKey, info, info, { kemOutput, ciphertext })).toBeUndefined()
        expect(suite.verify(kemOutput, info, ciphertext)).toBe(false)
        suite.hpkeReceiveExport(privateKey, kemOutput, info, info, 32)
        suite.hpkeSeal(kemOutput, info, info, info, new Uint8Array(32))
      }),
      { numRuns: 100 },
    )
  })

  it("signs so that only the signed message verifies", () => {
    fc.assert(
      fc.property(seed, bytes, bytes, (signerSeed, message, other) => {
        const { publicKey, privateKey } = suite.signatureKeyPair(signerSeed)
        const signature = suite.sign(privateKey, message)
        expect(suite.verify(publicKey, message, signature)).toBe(true)
        expect(suite.verify(publicKey, other, signature)).toBe(Buffer.from(message).equals(other))
      }),
      { numRuns: 50 },
    )
  })
})
