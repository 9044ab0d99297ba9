import type { SFrameCipher } from "@qpc/crypto"
import { encode, toUtf8 } from "@qpc/wire"

const [KEY_LABEL, SALT_LABEL] = [toUtf8("SFrame 1.0 Secret key "), toUtf8("SFrame 1.0 Secret salt ")]
const NOTHING = new Uint8Array(0)
const COUNTER_BYTES = 8

/** Key and salt of one key id (RFC 9605 §4.4.2). Zeroed when disposed of. */
export class FrameKey implements Disposable {
  readonly #cipher: SFrameCipher
  readonly #key: Uint8Array
  readonly #salt: Uint8Array

  private constructor(cipher: SFrameCipher, key: Uint8Array, salt: Uint8Array) {
    this.#cipher = cipher
    this.#key = key
    this.#salt = salt
  }

  /** Derives both from the base key, which is borrowed. */
  static derive(cipher: SFrameCipher, kid: bigint, baseKey: Uint8Array): FrameKey {
    const secret = cipher.extract(NOTHING, baseKey)
    const key = cipher.expand(secret, labelOf(KEY_LABEL, kid, cipher), cipher.keyBytes)
    const salt = cipher.expand(secret, labelOf(SALT_LABEL, kid, cipher), cipher.nonceBytes)
    secret.fill(0)
    return new FrameKey(cipher, key, salt)
  }

  /** Ciphertext ‖ tag. The caller sees to it that a counter comes once. */
  seal(counter: bigint, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    return this.#cipher.seal(this.#key, this.#nonce(counter), aad, plaintext)
  }

  /** The plaintext, or `undefined` if the tag does not verify. */
  open(counter: bigint, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    return this.#cipher.open(this.#key, this.#nonce(counter), aad, ciphertext)
  }

  [Symbol.dispose](): void {
    this.#key.fill(0)
    this.#salt.fill(0)
  }

  /** Salt XOR counter (RFC 9605 §4.4.3). */
  #nonce(counter: bigint): Uint8Array {
    const nonce = this.#salt.slice()
    let rest = counter
    for (let at = nonce.length - 1; at >= nonce.length - COUNTER_BYTES && rest > 0n; at--) {
      nonce[at]! ^= Number(rest & 0xffn)
      rest >>= 8n
    }
    return nonce
  }
}

function labelOf(label: Uint8Array, kid: bigint, { id }: SFrameCipher): Uint8Array {
  return encode((writer) => writer.bytes(label).uint64(kid).uint16(id), label.length + 10)
}
