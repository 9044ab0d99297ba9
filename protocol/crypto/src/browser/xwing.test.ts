import fc from "fast-check"
import wrapped from "libsodium-wrappers"
import { describe, expect, it } from "vitest"
import { withFlippedBit } from "../conformance/test-bytes.ts"
import { XWing } from "../xwing.ts"
import { mlKem768 } from "./ml-kem.ts"
import { loadBrowserPlatform } from "./platform.ts"
import { sha3 } from "./sha3.ts"
import { loadSodium } from "./sodium.ts"

await wrapped.ready
const platform = await loadBrowserPlatform(["X25519"])
const xwing = new XWing({ mlKem: mlKem768(await loadSodium()), x25519: platform.group("X25519"), sha3 }, "xwing")
const bytes = (lengthBytes: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: lengthBytes, maxLength: lengthBytes })

describe("X-Wing", () => {
  it("agrees with libsodium's own", () => {
    fc.assert(
      fc.property(bytes(32), bytes(64), (privateKey, eseed) => {
        const { publicKey } = wrapped.crypto_kem_xwing_seed_keypair(privateKey)
        expect(xwing.publicKey(privateKey)).toEqual(publicKey)
        const theirs = wrapped.crypto_kem_xwing_enc_deterministic(publicKey, eseed)
        const ours = xwing.encapsulateFrom(publicKey, eseed)
        expect(ours).toEqual({ kemOutput: theirs.ciphertext, secret: theirs.sharedSecret })
        expect(xwing.decapsulate(privateKey, theirs.ciphertext)).toEqual(theirs.sharedSecret)
      }),
      { numRuns: 30 },
    )
  })

  it("gives a secret of its own for a forged ML-KEM half, as libsodium does", () => {
    const privateKey = new Uint8Array(32).fill(4)
    const { publicKey } = wrapped.crypto_kem_xwing_seed_keypair(privateKey)
    const { kemOutput, secret } = xwing.encapsulateFrom(publicKey, new Uint8Array(64).fill(5))!
    const damaged = withFlippedBit(kemOutput, 0)
    const forged = xwing.decapsulate(privateKey, damaged)
    expect(forged).not.toEqual(secret)
    expect(forged).toEqual(wrapped.crypto_kem_xwing_dec(damaged, privateKey))
  })
})
