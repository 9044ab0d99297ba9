import { equalBytes } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"
import { ensure, ensureEqual, ensureRangeError, type Register } from "./law.ts"
import { flipsOf, testBytes } from "./test-bytes.ts"

/** Signatures, and the keys they are made with. */
export function checkSignatures(suite: CipherSuite, it: Register): void {
  const { signaturePublicKeyBytes, signaturePrivateKeyBytes, signatureSeedBytes } = suite.sizes
  const seed = testBytes(1, signatureSeedBytes)
  const { publicKey, privateKey } = suite.signatureKeyPair(seed)
  const message = testBytes(2, 50)
  const signature = suite.sign(privateKey, message)

  it("makes the same signature key pair of the same seed, and another of another", () => {
    const again = suite.signatureKeyPair(seed)
    ensureEqual(again.publicKey, publicKey, "public key")
    ensureEqual(again.privateKey, privateKey, "private key")
    ensureEqual(suite.signaturePublicKey(privateKey), publicKey, "public key of the private one")
    ensure(publicKey.length === signaturePublicKeyBytes, "public length")
    ensure(privateKey.length === signaturePrivateKeyBytes, "private length")
    const other = suite.signatureKeyPair(testBytes(3, signatureSeedBytes))
    ensure(!suite.verify(other.publicKey, message, signature), "another key verifies")
  })

  it("signs a message twice alike, unless it says that it draws randomness", () => {
    const again = suite.sign(privateKey, message)
    ensure(equalBytes(again, signature) !== (suite.drawsRandomness?.has("sign") ?? false), "the second signature")
  })

  it("verifies its signatures over messages of any length", () => {
    for (const lengthBytes of [0, 1, 64, 1000]) {
      const text = testBytes(4, lengthBytes)
      ensure(suite.verify(publicKey, text, suite.sign(privateKey, text)), `${lengthBytes} bytes`)
    }
  })

  checkForeignSignatures(suite, it)

  it("has no public key for a private key of another length, and neither signs with it nor seeds from it", () => {
    for (const lengthBytes of [0, signaturePrivateKeyBytes - 1, signaturePrivateKeyBytes + 1]) {
      const wrong = testBytes(5, lengthBytes)
      ensureEqual(suite.signaturePublicKey(wrong), undefined, `${lengthBytes} bytes`)
      ensureRangeError("signing key", () => suite.sign(wrong, message))
    }
    ensureRangeError("seed", () => suite.signatureKeyPair(testBytes(6, signatureSeedBytes - 1)))
  })
}

function checkForeignSignatures(suite: CipherSuite, it: Register): void {
  const { publicKey, privateKey } = suite.signatureKeyPair(testBytes(1, suite.sizes.signatureSeedBytes))
  const message = testBytes(2, 50)
  const signature = suite.sign(privateKey, message)

  it("does not verify after one bit of signature, message or key has changed", () => {
    for (const forged of flipsOf(signature)) ensure(!suite.verify(publicKey, message, forged), "signature")
    for (const other of flipsOf(message)) ensure(!suite.verify(publicKey, other, signature), "message")
    for (const other of flipsOf(publicKey)) ensure(!suite.verify(other, message, signature), "key")
  })

  it("answers false to a signature or public key of any other length", () => {
    for (let lengthBytes = 0; lengthBytes <= signature.length + 1; lengthBytes++) {
      if (lengthBytes === signature.length) continue
      const cut = Uint8Array.of(...signature, 0).subarray(0, lengthBytes)
      ensure(!suite.verify(publicKey, message, cut), `signature of ${lengthBytes} bytes`)
    }
    for (let lengthBytes = 0; lengthBytes <= publicKey.length + 1; lengthBytes++) {
      if (lengthBytes === publicKey.length) continue
      const cut = Uint8Array.of(...publicKey, 0).subarray(0, lengthBytes)
      ensure(!suite.verify(cut, message, signature), `key of ${lengthBytes} bytes`)
    }
  })

  it("answers false to arbitrary bytes as key and signature", () => {
    for (let round = 0; round < 200; round++) {
      const key = round % 2 === 0 ? publicKey : testBytes(1000 + round, suite.sizes.signaturePublicKeyBytes)
      ensure(!suite.verify(key, message, testBytes(round, signature.length)), `round ${round}`)
    }
  })
}
