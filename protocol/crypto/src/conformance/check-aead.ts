import { equalBytes } from "@qpc/wire"
import type { CipherSuite } from "../cipher-suite.ts"
import { ensure, ensureEqual, ensureRangeError, type Register } from "./law.ts"
import { flipsOf, testBytes } from "./test-bytes.ts"

/** Authenticated encryption (RFC 5116). */
export function checkAead(suite: CipherSuite, it: Register): void {
  const { aeadKeyBytes, aeadNonceBytes, aeadTagBytes } = suite.sizes
  const [key, nonce] = [testBytes(1, aeadKeyBytes), testBytes(2, aeadNonceBytes)]
  const [aad, plaintext] = [testBytes(3, 21), testBytes(4, 45)]
  const sealed = suite.aeadSeal(key, nonce, aad, plaintext)

  it("opens what it sealed, whatever the lengths", () => {
    for (const lengthBytes of [0, 1, 15, 16, 17, 63, 64, 65, 1024, 70_000]) {
      for (const aadBytes of [0, 1, 16, 300]) {
        const [message, associated] = [testBytes(5, lengthBytes), testBytes(6, aadBytes)]
        const once = testBytes(1000 * lengthBytes + aadBytes, aeadNonceBytes)
        const ciphertext = suite.aeadSeal(key, once, associated, message)
        ensure(ciphertext.length === lengthBytes + aeadTagBytes, "the tag has another length than promised")
        ensureEqual(suite.aeadOpen(key, once, associated, ciphertext), message, `${lengthBytes} bytes`)
      }
    }
  })

  it("opens nothing after one bit of ciphertext, tag, associated data, nonce or key has changed", () => {
    for (const forged of flipsOf(sealed)) ensureEqual(suite.aeadOpen(key, nonce, aad, forged), undefined, "ciphertext")
    for (const other of flipsOf(aad)) ensureEqual(suite.aeadOpen(key, nonce, other, sealed), undefined, "aad")
    for (const other of flipsOf(nonce)) ensureEqual(suite.aeadOpen(key, other, aad, sealed), undefined, "nonce")
    for (const other of flipsOf(key)) ensureEqual(suite.aeadOpen(other, nonce, aad, sealed), undefined, "key")
  })

  it("opens nothing that is cut short, extended, or shorter than a tag", () => {
    for (let lengthBytes = 0; lengthBytes < sealed.length; lengthBytes++) {
      ensureEqual(suite.aeadOpen(key, nonce, aad, sealed.subarray(0, lengthBytes)), undefined, `${lengthBytes} bytes`)
    }
    ensureEqual(suite.aeadOpen(key, nonce, aad, Uint8Array.of(...sealed, 0)), undefined, "extended")
  })

  it("does not move bytes between associated data and ciphertext", () => {
    const moved = suite.aeadOpen(key, nonce, aad.subarray(1), Uint8Array.of(aad[0]!, ...sealed))
    ensureEqual(moved, undefined, "moved byte")
    ensure(!equalBytes(sealed, suite.aeadSeal(key, nonce, new Uint8Array(0), plaintext)), "associated data is ignored")
  })

  it("throws RangeError for a key or nonce of another length, before anything else", () => {
    for (const lengthBytes of [0, aeadKeyBytes - 1, aeadKeyBytes + 1, 2 * aeadKeyBytes]) {
      const wrong = testBytes(7, lengthBytes)
      ensureRangeError("sealing key", () => suite.aeadSeal(wrong, nonce, aad, plaintext))
      ensureRangeError("opening key", () => suite.aeadOpen(wrong, nonce, aad, new Uint8Array(0)))
    }
    for (const lengthBytes of [0, 8, aeadNonceBytes - 1, aeadNonceBytes + 1, 16, 24]) {
      const wrong = testBytes(8, lengthBytes)
      ensureRangeError("sealing nonce", () => suite.aeadSeal(key, wrong, aad, plaintext))
      ensureRangeError("opening nonce", () => suite.aeadOpen(key, wrong, aad, new Uint8Array(0)))
    }
  })
}
