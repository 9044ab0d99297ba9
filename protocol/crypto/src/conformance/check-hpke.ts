import { equalBytes } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"
import { ensure, ensureEqual, ensureRangeError, type Register } from "./law.ts"
import { flipsOf, testBytes } from "./test-bytes.ts"

/** KEM keys and HPKE in base mode (RFC 9180). */
export function checkHpke(suite: CipherSuite, it: Register): void {
  checkKemKeys(suite, it)
  checkSealing(suite, it)
  checkExporting(suite, it)
}

function checkKemKeys(suite: CipherSuite, it: Register): void {
  const { kemPublicKeyBytes, kemPrivateKeyBytes, kemSeedBytes } = suite.sizes
  const seed = testBytes(1, kemSeedBytes)

  it("derives the same KEM key pair from the same seed, and another from another", () => {
    const { publicKey, privateKey } = suite.kemKeyPair(seed)
    ensureEqual(suite.kemKeyPair(seed).privateKey, privateKey, "private key")
    ensureEqual(suite.kemPublicKey(privateKey), publicKey, "public key of the private one")
    ensure(publicKey.length === kemPublicKeyBytes && privateKey.length === kemPrivateKeyBytes, "lengths")
    for (const other of flipsOf(seed)) {
      ensure(!equalBytes(suite.kemKeyPair(other).privateKey, privateKey), "a bit of the seed is ignored")
    }
    ensure(!equalBytes(suite.kemKeyPair(Uint8Array.of(...seed, 0)).privateKey, privateKey), "a longer seed is cut")
  })

  it("refuses a KEM seed with too little entropy", () => {
    const short = testBytes(2, kemSeedBytes - 1)
    const { publicKey } = suite.kemKeyPair(seed)
    const empty = new Uint8Array(0)
    ensureRangeError("key pair", () => suite.kemKeyPair(short))
    ensureRangeError("seal", () => suite.hpkeSeal(publicKey, empty, empty, empty, short))
    ensureRangeError("export", () => suite.hpkeSendExport(publicKey, empty, empty, 32, short))
  })

  it("knows its public keys from byte strings of another length", () => {
    const { publicKey } = suite.kemKeyPair(seed)
    ensure(suite.kemPublicKeyIsValid(publicKey), "own key")
    for (const lengthBytes of [0, kemPublicKeyBytes - 1, kemPublicKeyBytes + 1]) {
      ensure(!suite.kemPublicKeyIsValid(testBytes(3, lengthBytes)), `${lengthBytes} bytes`)
      ensureEqual(suite.kemPublicKey(testBytes(4, lengthBytes)), undefined, `private key of ${lengthBytes} bytes`)
    }
  })
}

function checkSealing(suite: CipherSuite, it: Register): void {
  const { aeadTagBytes, kemOutputBytes, kemPublicKeyBytes, kemPrivateKeyBytes, kemSeedBytes } = suite.sizes
  const { publicKey, privateKey } = suite.kemKeyPair(testBytes(1, kemSeedBytes))
  const [info, aad, plaintext, seed] = [testBytes(2, 20), testBytes(3, 9), testBytes(4, 40), testBytes(5, kemSeedBytes)]
  const sealed = suite.hpkeSeal(publicKey, info, aad, plaintext, seed)!
  const { kemOutput, ciphertext } = sealed

  it("opens what was sealed to a key, whatever the lengths", () => {
    ensure(kemOutput.length === kemOutputBytes, "kemOutput")
    for (const lengthBytes of [0, 1, 16, 1000]) {
      const [context, associated, text] = [6, 7, 8].map((n) => testBytes(n, lengthBytes))
      const message = suite.hpkeSeal(publicKey, context!, associated!, text!, seed)!
      ensure(message.ciphertext.length === lengthBytes + aeadTagBytes, "ciphertext")
      ensureEqual(suite.hpkeOpen(privateKey, context!, associated!, message), text, `${lengthBytes} bytes`)
      const again = suite.hpkeSeal(publicKey, suite.hpkeInfo(context!), associated!, text!, seed)!
      ensureEqual(suite.hpkeOpen(privateKey, context!, associated!, again), text, `hashed info of ${lengthBytes} bytes`)
    }
  })

  it("seals the same bytes from the same seed where it can, and under another encapsulation from another", () => {
    if (suite.drawsRandomness?.has("seal") !== true) {
      ensureEqual(suite.hpkeSeal(publicKey, info, aad, plaintext, seed)?.ciphertext, ciphertext, "same seed")
    }
    const other = suite.hpkeSeal(publicKey, info, aad, plaintext, testBytes(9, kemSeedBytes))!
    ensure(!equalBytes(other.kemOutput, kemOutput) && !equalBytes(other.ciphertext, ciphertext), "other seed")
  })

  it("opens nothing after one bit of info, aad, encapsulation or ciphertext has changed, or with another key", () => {
    const other = suite.kemKeyPair(testBytes(10, kemSeedBytes))
    for (const flip of flipsOf(info)) ensureEqual(suite.hpkeOpen(privateKey, flip, aad, sealed), undefined, "info")
    for (const flip of flipsOf(aad)) ensureEqual(suite.hpkeOpen(privateKey, info, flip, sealed), undefined, "aad")
    for (const flip of flipsOf(kemOutput)) {
      ensureEqual(suite.hpkeOpen(privateKey, info, aad, { kemOutput: flip, ciphertext }), undefined, "kemOutput")
    }
    for (const flip of flipsOf(ciphertext)) {
      ensureEqual(suite.hpkeOpen(privateKey, info, aad, { kemOutput, ciphertext: flip }), undefined, "ciphertext")
    }
    ensureEqual(suite.hpkeOpen(other.privateKey, info, aad, sealed), undefined, "another recipient")
  })

  it("returns undefined for foreign bytes of any length", () => {
    for (const lengthBytes of lengthsUpTo(kemOutputBytes + 33)) {
      const foreign = testBytes(11 + lengthBytes, lengthBytes)
      ensureEqual(suite.hpkeOpen(privateKey, info, aad, { kemOutput: foreign, ciphertext }), undefined, "kemOutput")
      ensureEqual(suite.hpkeOpen(privateKey, info, aad, { kemOutput, ciphertext: foreign }), undefined, "ciphertext")
      if (lengthBytes === kemPublicKeyBytes) continue
      ensure(suite.hpkeSeal(foreign, info, aad, plaintext, seed) === undefined, "public key")
    }
  })

  it("throws RangeError for an own private key of another length", () => {
    const wrong = testBytes(12, kemPrivateKeyBytes - 1)
    ensureRangeError("open", () => suite.hpkeOpen(wrong, info, aad, sealed))
    ensureRangeError("export", () => suite.hpkeReceiveExport(wrong, kemOutput, info, aad, 32))
  })
}

function checkExporting(suite: CipherSuite, it: Register): void {
  const { hashBytes, kemOutputBytes, kemPublicKeyBytes, kemSeedBytes } = suite.sizes
  const { publicKey, privateKey } = suite.kemKeyPair(testBytes(1, kemSeedBytes))
  const [info, context, seed] = [testBytes(2, 20), testBytes(3, 9), testBytes(5, kemSeedBytes)]

  it("exports the same secret on both sides, bound to info, context and length", () => {
    const { kemOutput, secret } = suite.hpkeSendExport(publicKey, info, context, 32, seed)!
    const received = suite.hpkeReceiveExport(privateKey, kemOutput, info, context, 32)
    ensureEqual(received, secret, "receiver")
    const others = [
      suite.hpkeReceiveExport(privateKey, kemOutput, context, context, 32),
      suite.hpkeReceiveExport(privateKey, kemOutput, info, info, 32),
      suite.hpkeReceiveExport(privateKey, kemOutput, info, context, 33)?.slice(0, 32),
    ]
    for (const other of others) ensure(other !== undefined && !equalBytes(other, secret), "not bound")
  })

  it("exports 0 to 255 hashes and refuses other lengths", () => {
    const { kemOutput } = suite.hpkeSendExport(publicKey, info, context, 0, seed)!
    const longest = 255 * hashBytes
    ensure(suite.hpkeReceiveExport(privateKey, kemOutput, info, context, longest)?.length === longest, "longest")
    for (const lengthBytes of [longest + 1, -1, 1.5, 2 ** 32 + 1]) {
      ensureRangeError("send", () => suite.hpkeSendExport(publicKey, info, context, lengthBytes, seed))
      ensureRangeError("receive", () => suite.hpkeReceiveExport(privateKey, kemOutput, info, context, lengthBytes))
    }
  })

  it("exports nothing for a key or encapsulation of another length", () => {
    const key = testBytes(6, kemPublicKeyBytes - 1)
    const output = testBytes(7, kemOutputBytes + 1)
    ensure(suite.hpkeSendExport(key, info, context, 32, seed) === undefined, "send")
    ensureEqual(suite.hpkeReceiveExport(privateKey, output, info, context, 32), undefined, "receive")
  })
}

/** All of the first hundred and of the last hundred, and a few between. */
function lengthsUpTo(last: number): number[] {
  const lengths = Array.from({ length: last + 1 }, (_, lengthBytes) => lengthBytes)
  return lengths.filter((lengthBytes) => lengthBytes < 100 || lengthBytes > last - 100 || lengthBytes % 61 === 0)
}
