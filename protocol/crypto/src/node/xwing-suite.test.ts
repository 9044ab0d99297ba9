import { fromHex, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { checkCipherSuite } from "../conformance/check-cipher-suite.ts"
import { Keys } from "./keys.ts"
import { nativeMlKem } from "./ml-kem.ts"
import { newXWingSuite, xwingSuiteWith } from "./xwing-suite.ts"

const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const empty = new Uint8Array(0)

describe("the X-Wing suite on Node", () => checkCipherSuite(newXWingSuite(), it))
describe("the X-Wing suite on node:crypto alone", () =>
  checkCipherSuite(newXWingSuite({ libraries: "node:crypto" }), it))
describe("the seeded X-Wing suite on Node", () => checkCipherSuite(newXWingSuite({ encapsulation: "seeded" }), it))

describe("options of the X-Wing suite", () => {
  it("give the suite of draft-ietf-mls-pq-ciphersuites by default, on a private code point", () => {
    const { id, name, sizes } = newXWingSuite()
    expect([id, name]).toEqual([0xf002, "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519"])
    expect(sizes).toMatchObject({
      hashBytes: 48,
      kemPublicKeyBytes: 1216,
      kemPrivateKeyBytes: 32,
      kemOutputBytes: 1120,
    })
  })

  it("give another code point and hash on demand", () => {
    const { id, name, sizes } = newXWingSuite({ id: 0x0053, hash: "SHA-512" })
    expect([id, name, sizes.hashBytes]).toEqual([0x0053, "MLS_256_XWING_AES256GCM_SHA512_Ed25519", 64])
  })

  it.each([0, 1, 7, 0x10000, 1.5, -1])("do not give the code point %s", (id) => {
    expect(() => newXWingSuite({ id })).toThrow(RangeError)
  })

  it("derive private keys as draft-ietf-hpke-pq §4 has it in its test vectors", () => {
    const keyMaterial = fromHex("b86e76a59fabfc87b30cd7b1f7aaa28a834eb64e7a261c197b9a842893fbce56")
    expect(toHex(newXWingSuite().kemKeyPair(keyMaterial).privateKey)).toBe(
      "3ec47fa82dd5689d27c6190e724c74ec8f608df3331ce331929e37b829676630",
    )
  })

  it("derive private keys with plain SHAKE256 where older implementations do", () => {
    const { privateKey } = newXWingSuite({ keyDerivation: "xwing" }).kemKeyPair(seed(0))
    expect(privateKey).not.toEqual(newXWingSuite().kemKeyPair(seed(0)).privateKey)
    expect(toHex(privateKey)).toBe("f5977c8283546a63723bc31d2619124f11db4658643336741df81757d5ad3062")
  })
})

describe("native encapsulation", () => {
  it("differs each time from the same seed, and opens all the same", () => {
    const suite = newXWingSuite()
    const { publicKey, privateKey } = suite.kemKeyPair(seed(1))
    const one = suite.hpkeSeal(publicKey, empty, empty, seed(9), seed(2))!
    const other = suite.hpkeSeal(publicKey, empty, empty, seed(9), seed(2))!
    expect(one.kemOutput).not.toEqual(other.kemOutput)
    for (const each of [one, other]) expect(suite.hpkeOpen(privateKey, empty, empty, each)).toEqual(seed(9))
  })

  it("is opened by a suite that encapsulates from seeds, and the other way round", () => {
    const [native, seeded] = [newXWingSuite(), newXWingSuite({ encapsulation: "seeded" })]
    const { publicKey, privateKey } = native.kemKeyPair(seed(3))
    for (const [sender, receiver] of [
      [native, seeded],
      [seeded, native],
    ] as const) {
      const sealed = sender.hpkeSeal(publicKey, empty, empty, seed(9), seed(4))!
      expect(receiver.hpkeOpen(privateKey, empty, empty, sealed)).toEqual(seed(9))
    }
  })
})

describe("forgetting an X-Wing key", () => {
  it.each([
    ["node:crypto", 2],
    // X25519 on libsodium keeps no private key.
    ["fastest", 1],
  ] as const)("drops all halves that are kept, and the suite stays usable (%s)", (libraries, keptCount) => {
    const keys = new Keys()
    const suite = xwingSuiteWith(keys, { libraries })
    const { publicKey, privateKey } = suite.kemKeyPair(seed(5))
    const sealed = suite.hpkeSeal(publicKey, empty, empty, seed(9), seed(6))!
    expect(suite.hpkeOpen(privateKey, empty, empty, sealed)).toEqual(seed(9))
    expect(keys.privateKeyCount).toBe(keptCount)
    suite.forgetPrivateKey(privateKey)
    expect(keys.privateKeyCount).toBe(0)
    expect(suite.hpkeOpen(privateKey, empty, empty, sealed)).toEqual(seed(9))
  })

  it("drops a signature key as well", () => {
    const keys = new Keys()
    const suite = xwingSuiteWith(keys)
    suite.sign(seed(6), empty)
    expect(keys.privateKeyCount).toBe(1)
    suite.forgetPrivateKey(seed(6))
    expect(keys.privateKeyCount).toBe(0)
  })

  it("leaves a key of ML-KEM in the cache until then", () => {
    const keys = new Keys()
    const mlKem = nativeMlKem(keys)
    const key = new Uint8Array(64).fill(7)
    const { ciphertext, secret } = mlKem.encapsulate(mlKem.publicKey(key), seed(0))!
    expect(keys.privateKeyCount).toBe(0)
    expect(mlKem.decapsulate(key, ciphertext)).toEqual(secret)
    expect(keys.privateKeyCount).toBe(1)
    keys.forgetPrivate(key)
    expect(keys.privateKeyCount).toBe(0)
  })
})
