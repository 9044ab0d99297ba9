import type { SFrameCipher } from "@qpc/crypto"
import { FrameKey } from "./frame-key.ts"
import { encodeHeader } from "./header.ts"

/** How many frames one key may encrypt: AES-GCM bears a few more of 16 KiB (RFC 8446 §5.5). At 50 a second, four days. */
export const FRAMES_PER_KEY: bigint = 2n ** 24n

/** Thrown where a key has encrypted as many frames as it may. Nothing was encrypted. Enter another epoch. */
export class SFrameLimitError extends Error {
  override readonly name = "SFrameLimitError"
  readonly code = "sframe_limit"

  constructor() {
    super("the key has encrypted as many frames as it may: change the group's epoch, or take another key id")
  }
}

/** One key id to encrypt under. */
export interface SFrameSenderOptions {
  readonly cipher: SFrameCipher
  /** Nobody else may encrypt under it with the same base key, nor we ourselves from another object. */
  readonly kid: bigint
  /** Borrowed. */
  readonly baseKey: Uint8Array
  /** Above all counters that were used with this key before. Default 0, for a key that is new. */
  readonly firstCounter?: bigint
  /** The first counter that is not used any more. Default {@link FRAMES_PER_KEY}. */
  readonly framesLimit?: bigint
}

/**
 * Encrypts the frames of one key id (RFC 9605 §4.4.3). The counter has moved on before anything is encrypted: no call can use one
 * twice.
 */
export class SFrameSender implements Disposable {
  readonly kid: bigint
  readonly #key: FrameKey
  readonly #framesLimit: bigint
  #nextCounter: bigint
  #isOver = false

  constructor({ cipher, kid, baseKey, firstCounter = 0n, framesLimit = FRAMES_PER_KEY }: SFrameSenderOptions) {
    this.kid = kid
    this.#nextCounter = firstCounter
    this.#framesLimit = framesLimit
    this.#key = FrameKey.derive(cipher, kid, baseKey)
  }

  /** The counter that the next frame gets. */
  get nextCounter(): bigint {
    return this.#nextCounter
  }

  /**
   * Header ‖ ciphertext ‖ tag.
   *
   * @param metadata - What receivers know of the frame from elsewhere; authenticated, not sent (RFC 9605 §4.4.3).
   * @throws SFrameLimitError once the key is used up; TypeError after it was disposed of
   */
  seal(plaintext: Uint8Array, metadata: Uint8Array = NOTHING): Uint8Array {
    if (this.#isOver) throw new TypeError("the sender was disposed of: its key is gone")
    const counter = this.#nextCounter
    if (counter >= this.#framesLimit) throw new SFrameLimitError()
    this.#nextCounter = counter + 1n
    const header = encodeHeader({ kid: this.kid, counter })
    return this.#key.seal(counter, header, metadata, plaintext)
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#key[Symbol.dispose]()
  }
}

const NOTHING = new Uint8Array(0)
