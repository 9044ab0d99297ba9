import { encode } from "@qpc/wire"
import type { StreamType } from "../stream.ts"

/** ChaCha20-Poly1305 (RFC 8439). `open` returns `undefined` for what was not sealed so. */
export interface ChaCha20Poly1305 {
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
}

/** MLS-Exporter of one epoch (RFC 9420 §8.5). The result is owned by the caller. */
export type ExportSecret = (label: string, context: Uint8Array, lengthBytes: number) => Uint8Array

const KEY_BYTES = 32
const NONCE_BYTES = 12
const NOTHING = new Uint8Array(0)

/**
 * The keys of profile 1: one for each stream type and epoch, the same for all members.
 *
 * That is its worst defect. The nonce is the sequence number alone, so **two members who send on one stream type seal
 * under the same key and nonce**: whoever sees both frames learns the XOR of their contents, and can forge more.
 */
export class ClassKeys implements Disposable {
  readonly #aead: ChaCha20Poly1305
  readonly #export: ExportSecret
  readonly #keys = new Map<StreamType, Uint8Array>()

  /** @param exportSecret - Of the epoch that these keys are of. Not asked after {@link dispose}. */
  constructor(aead: ChaCha20Poly1305, exportSecret: ExportSecret) {
    this.#aead = aead
    this.#export = exportSecret
  }

  seal(streamType: StreamType, sequence: number, plaintext: Uint8Array): Uint8Array {
    return this.#aead.seal(this.#keyOf(streamType), nonceOf(sequence), NOTHING, plaintext)
  }

  /** `undefined` for what no member sealed under this type and number. */
  open(streamType: StreamType, sequence: number, sealed: Uint8Array): Uint8Array | undefined {
    return this.#aead.open(this.#keyOf(streamType), nonceOf(sequence), NOTHING, sealed)
  }

  /** Zeroes the keys. */
  [Symbol.dispose](): void {
    for (const key of this.#keys.values()) key.fill(0)
    this.#keys.clear()
  }

  #keyOf(streamType: StreamType): Uint8Array {
    const known = this.#keys.get(streamType) ?? this.#export(`gbp/${streamType}`, NOTHING, KEY_BYTES)
    this.#keys.set(streamType, known)
    return known
  }
}

/** The number in 4 bytes, then zeros. */
function nonceOf(sequence: number): Uint8Array {
  return encode((writer) => writer.uint32(sequence).zeros(NONCE_BYTES - 4), NONCE_BYTES)
}
