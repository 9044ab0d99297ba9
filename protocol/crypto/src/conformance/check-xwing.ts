import { concatBytes, toHex } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"
import { ML_KEM_768_PUBLIC_KEY_BYTES } from "../ml-kem-768.ts"
import { ensure, ensureEqual, type Register } from "./law.ts"
import { testBytes } from "./test-bytes.ts"

/** A key with either half spoilt is no X-Wing key, whatever the other half is worth. */
export function checkXWing(suite: CipherSuite, it: Register): void {
  const empty = new Uint8Array(0)
  const seed = testBytes(1, suite.sizes.kemSeedBytes)
  const { publicKey, privateKey } = suite.kemKeyPair(testBytes(2, suite.sizes.kemSeedBytes))

  it("refuses X-Wing keys whose ML-KEM half has a coefficient that is not reduced (FIPS 203 §7.2)", () => {
    for (const [at, low, high] of [
      [0, 0x01, 0x0d],
      [3, 0xff, 0xff],
      [1149, 0x01, 0x0d],
    ] as const) {
      const key = publicKey.slice()
      key[at] = low
      key[at + 1] = (key[at + 1]! & 0xf0) | (high & 0x0f)
      ensureRefused(suite, key, seed)
    }
    const last = publicKey.slice()
    last.set([0xf0 | last[1150]!, 0xff], 1150)
    ensureRefused(suite, last, seed)
  })

  it("takes the largest coefficient that is reduced", () => {
    const key = publicKey.slice()
    key.set([0x00, (key[1]! & 0xf0) | 0x0d], 0)
    ensure(suite.kemPublicKeyIsValid(key), toHex(key.subarray(0, 3)))
  })

  it("refuses X-Wing keys and encapsulations whose X25519 half forces the secret", () => {
    const zeros = new Uint8Array(32)
    ensureRefused(suite, concatBytes(publicKey.subarray(0, ML_KEM_768_PUBLIC_KEY_BYTES), zeros), seed)
    const sealed = suite.hpkeSeal(publicKey, empty, empty, empty, seed)!
    const kemOutput = concatBytes(sealed.kemOutput.subarray(0, -32), zeros)
    ensureEqual(suite.hpkeOpen(privateKey, empty, empty, { ...sealed, kemOutput }), undefined, "opened")
    ensureEqual(suite.hpkeReceiveExport(privateKey, kemOutput, empty, empty, 32), undefined, "received")
  })

  it("binds the ignored top bit of the X25519 half into the secret", () => {
    const { kemOutput, secret } = suite.hpkeSendExport(publicKey, empty, empty, 32, seed)!
    const other = kemOutput.slice()
    other[other.length - 1]! ^= 0x80
    const received = suite.hpkeReceiveExport(privateKey, other, empty, empty, 32)
    ensure(received !== undefined && toHex(received) !== toHex(secret), "two encapsulations of one secret")
  })
}

function ensureRefused(suite: CipherSuite, key: Uint8Array, seed: Uint8Array): void {
  const empty = new Uint8Array(0)
  ensure(!suite.kemPublicKeyIsValid(key), "valid")
  ensure(suite.hpkeSeal(key, empty, empty, empty, seed) === undefined, "sealed to")
  ensure(suite.hpkeSendExport(key, empty, empty, 32, seed) === undefined, "exported to")
}
