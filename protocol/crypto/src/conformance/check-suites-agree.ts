import { toHex } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"
import { ensure, ensureEqual, type Register } from "./law.ts"
import { testBytes, withFlippedBit } from "./test-bytes.ts"

const ROUNDS = 40

/**
 * Two implementations of one suite as one: identical bytes from identical seeds (unless one draws randomness of its
 * own), each opens what the other sealed, and both refuse the same.
 */
export function checkSuitesAgree(one: CipherSuite, other: CipherSuite, it: Register): void {
  const { sizes } = one
  const both = <T>(call: (suite: CipherSuite) => T): [T, T] => [call(one), call(other)]
  const areReplayable = (act: "sign" | "seal"): boolean =>
    [one, other].every((suite) => suite.drawsRandomness?.has(act) !== true)
  const ensureSame = (call: (suite: CipherSuite) => Uint8Array | undefined, what: string): void => {
    const [mine, theirs] = both(call)
    ensureEqual(theirs, mine, what)
  }

  it("are the same suite with the same sizes", () => {
    ensure(one.id === other.id && one.name === other.name, "identifiers")
    ensure(JSON.stringify(one.sizes) === JSON.stringify(other.sizes), "sizes")
  })

  it("derive identical hashes, keys, signatures and ciphertexts from identical seeds", () => {
    for (let round = 0; round < ROUNDS; round++) {
      const data = testBytes(round, round * 7)
      const secret = testBytes(round + 1, sizes.hashBytes)
      const [key, nonce] = [testBytes(round + 2, sizes.aeadKeyBytes), testBytes(round + 3, sizes.aeadNonceBytes)]
      ensureSame((suite) => suite.hash(data), "hash")
      ensureSame((suite) => suite.mac(data, secret), "mac")
      ensureSame((suite) => suite.extract(data, secret), "extract")
      ensureSame((suite) => suite.expand(secret, data, round * 11), "expand")
      ensureSame((suite) => suite.aeadSeal(key, nonce, secret, data), "aeadSeal")
      const signer = testBytes(round + 4, sizes.signatureSeedBytes)
      ensureSame((suite) => suite.signatureKeyPair(signer).publicKey, "signatureKeyPair")
      if (areReplayable("sign")) {
        ensureSame((suite) => suite.sign(suite.signatureKeyPair(signer).privateKey, data), "sign")
      }
      ensureSame((suite) => suite.kemKeyPair(testBytes(round, sizes.kemSeedBytes)).privateKey, "kemKeyPair")
    }
  })

  checkExchange(one, other, it)

  it("encapsulate to arbitrary public keys alike, or refuse them alike", () => {
    const empty = new Uint8Array(0)
    for (let round = 0; round < ROUNDS; round++) {
      const key = testBytes(200 + round, sizes.kemPublicKeyBytes)
      const seed = testBytes(300 + round, sizes.kemSeedBytes)
      const [mine, theirs] = both((suite) => suite.hpkeSeal(key, empty, empty, empty, seed)?.ciphertext)
      ensure((mine === undefined) === (theirs === undefined), `one of them refuses ${toHex(key)}`)
      if (areReplayable("seal")) ensureEqual(theirs, mine, toHex(key))
    }
  })

  checkVerdicts(one, other, it)
}

function checkVerdicts(one: CipherSuite, other: CipherSuite, it: Register): void {
  it("give the same verdict on damaged signatures, keys and messages", () => {
    const { publicKey, privateKey } = one.signatureKeyPair(testBytes(9, one.sizes.signatureSeedBytes))
    const message = testBytes(10, 12)
    const signature = one.sign(privateKey, message)
    for (let bit = 0; bit < 8 * signature.length; bit += strideOf(signature)) {
      const damaged = withFlippedBit(signature, bit)
      const mine = one.verify(publicKey, message, damaged)
      ensure(mine === other.verify(publicKey, message, damaged), `signature bit ${bit}`)
    }
    for (let bit = 0; bit < 8 * publicKey.length; bit += strideOf(publicKey)) {
      const damaged = withFlippedBit(publicKey, bit)
      const mine = one.verify(damaged, message, signature)
      ensure(mine === other.verify(damaged, message, signature), `key bit ${bit}`)
    }
  })
}

function checkExchange(one: CipherSuite, other: CipherSuite, it: Register): void {
  const { sizes } = one

  it("open and verify each other's messages", () => {
    for (const [sender, receiver] of [
      [one, other],
      [other, one],
    ] as const) {
      const [info, aad, text] = [testBytes(1, 9), testBytes(2, 10), testBytes(3, 100)]
      const recipient = receiver.kemKeyPair(testBytes(4, sizes.kemSeedBytes))
      const seed = testBytes(5, sizes.kemSeedBytes)
      const sealed = sender.hpkeSeal(recipient.publicKey, info, aad, text, seed)!
      ensureEqual(receiver.hpkeOpen(recipient.privateKey, info, aad, sealed), text, "hpkeOpen")
      const sent = sender.hpkeSendExport(recipient.publicKey, info, aad, 77, seed)!
      const received = receiver.hpkeReceiveExport(recipient.privateKey, sent.kemOutput, info, aad, 77)
      ensureEqual(received, sent.secret, "export")
      const signer = sender.signatureKeyPair(testBytes(6, sizes.signatureSeedBytes))
      ensure(receiver.verify(signer.publicKey, text, sender.sign(signer.privateKey, text)), "verify")
      const [key, nonce] = [testBytes(7, sizes.aeadKeyBytes), testBytes(8, sizes.aeadNonceBytes)]
      ensureEqual(receiver.aeadOpen(key, nonce, aad, sender.aeadSeal(key, nonce, aad, text)), text, "aeadOpen")
    }
  })
}

/** An odd step, so that every position within a byte is met, with no more than about 170 steps. */
function strideOf(bytes: Uint8Array): number {
  return Math.max(3, Math.floor((8 * bytes.length) / 170) | 1)
}
