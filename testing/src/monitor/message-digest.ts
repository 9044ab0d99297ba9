import { createHash, hash, KeyObject } from "node:crypto"
import type { BinaryLike, CipherKey, Hash } from "node:crypto"

const DIGEST_HEX = 32

/** The first 16 bytes of the SHA-256 of a key or nonce, in hex. Keeps no copy. */
export function digestOf(value: CipherKey | BinaryLike): string {
  const bytes = value instanceof KeyObject ? value.export() : value
  return hash("sha256", bytes, "hex").slice(0, DIGEST_HEX)
}

/**
 * The digest of associated data and plaintext, taken from the caller's own memory piece by piece: a copy of a plaintext
 * would be found by the tests that look for secrets in the memory of a process.
 */
export class MessageDigest {
  readonly #hash: Hash = createHash("sha256")
  #hasBegun = false

  associatedData(bytes: Uint8Array): void {
    this.#hasBegun = true
    this.#hash.update(`${bytes.length}:`).update(bytes)
  }

  plaintext(data: BinaryLike, encoding?: BufferEncoding): void {
    if (!this.#hasBegun) this.associatedData(new Uint8Array(0))
    if (typeof data === "string") this.#hash.update(data, encoding ?? "utf8")
    else this.#hash.update(ArrayBuffer.isView(data) ? data : new Uint8Array(data))
  }

  end(): string {
    this.plaintext(new Uint8Array(0))
    return this.#hash.digest("hex").slice(0, DIGEST_HEX)
  }
}
