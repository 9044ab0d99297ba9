import type { CipherSuite, SignatureCheck } from "@qpc/crypto"

/** Bounds the memory of what waits: about a kilobyte each. */
const WAITING_LIMIT = 4096

/**
 * Verifies many signatures, together where the suite is faster at it ({@link CipherSuite.verifyAll}), otherwise one by one.
 *
 * Takes the place of a suite where one signature after the other is verified. Its "true" means only that nothing is known to be
 * wrong: nothing of what was checked may be believed before {@link allValid} has said so.
 */
export class SignatureChecks implements Pick<CipherSuite, "verify"> {
  readonly #suite: CipherSuite
  #waiting: SignatureCheck[] = []
  #isAnyWrong = false

  constructor(suite: CipherSuite) {
    this.#suite = suite
  }

  /** False if this signature or an earlier one is known to be wrong. Keeps `publicKey` and `signature` until the end. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (this.#suite.verifyAll === undefined) {
      this.#isAnyWrong ||= !this.#suite.verify(publicKey, message, signature)
    } else {
      this.#waiting.push({ publicKey, message: message.slice(), signature })
      if (this.#waiting.length === WAITING_LIMIT) this.#verifyWaiting()
    }
    return !this.#isAnyWrong
  }

  /** True if all signatures so far are right. */
  allValid(): boolean {
    if (this.#waiting.length > 0) this.#verifyWaiting()
    return !this.#isAnyWrong
  }

  #verifyWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#isAnyWrong ||= this.#suite.verifyAll?.(waiting) !== -1
  }
}
