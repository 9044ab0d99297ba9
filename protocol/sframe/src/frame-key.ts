import type { SFrameCipher } from "@qpc/crypto"
import { concatBytes, encode, toUtf8 } from "@qpc/wire"

const [KEY_LABEL, SALT_LABEL] = [toUtf8("SFrame 1.0 Secret key "), toUtf8("SFrame 1.0 Secret salt ")]
const NOTHING = new Uint8Array(0)
const COUNTER_BYTES = 8
const counterBytes = new Uint8Array(COUNTER_BYTES)
const counterView = new DataView(counterBytes.buffer)

/** Key and salt of one key id (RFC 9605 §4.4.2). Zeroed when disposed of. */
export class FrameKey implements Disposable {
  readonly #cipher: SFrameCipher
  readonly #key: Uint8Array
  readonly #salt: Uint8Array
  /** Made anew for each frame, in place. */
  readonly #nonce: Uint8Array

  private constructor(cipher: SFrameCipher, key: Uint8Array, salt: Uint8Array) {
    this.#cipher = cipher
    this.#key = key
    this.#salt = salt
    this.#nonce = new Uint8Array(salt.length)
  }

  /** Derives both from the base key, which is borrowed. */
  static derive(cipher: SFrameCipher, kid: bigint, baseKey: Uint8Array): FrameKey {
    const secret = cipher.extract(NOTHING, baseKey)
    const key = cipher.expand(secret, labelOf(KEY_LABEL, kid, cipher), cipher.keyBytes)
    const salt = cipher.expand(secret, labelOf(SALT_LABEL, kid, cipher), cipher.nonceBytes)
    secret.fill(0)
    return new FrameKey(cipher, key, salt)
  }

  /** Header ‖ ciphertext ‖ tag. The caller sees to it that a counter comes once. */
  seal(counter: bigint, header: Uint8Array, metadata: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const aad = metadata.length === 0 ? header : concatBytes(header, metadata)
    return this.#cipher.seal(this.#key, this.#nonceOf(counter), aad, plaintext, header)
  }

  /** The plaintext, or `undefined` if the tag does not verify. */
  open(counter: bigint, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    return this.#cipher.open(this.#key, this.#nonceOf(counter), aad, ciphertext)
  }

  [Symbol.dispose](): void {
    this.#key.fill(0)
    this.#salt.fill(0)
    this.#nonce.fill(0)
  }

  /** Salt XOR counter (RFC 9605 §4.4.3). */
  #nonceOf(counter: bigint): Uint8Array {
    counterView.setBigUint64(0, counter)
    const nonce = this.#nonce
    nonce.set(this.#salt)
    const start = nonce.length - COUNTER_BYTES
    for (let at = 0; at < COUNTER_BYTES; at++) nonce[start + at]! ^= counterBytes[at]!
    return nonce
  }
}

function labelOf(label: Uint8Array, kid: bigint, { id }: SFrameCipher): Uint8Array {
  return encode((writer) => writer.bytes(label).uint64(kid).uint16(id), label.length + 10)
}
