import type { SFrameCipher } from "@qpc/crypto"
import { concatBytes } from "@qpc/wire"
import { FrameKey } from "./frame-key.ts"
import { FrameWindow } from "./frame-window.ts"
import type { WindowMiss } from "./frame-window.ts"
import type { ReadHeader } from "./header.ts"

/** What became of the frame of a known key. */
export type OpenedFrame =
  | { readonly kind: "frame"; readonly plaintext: Uint8Array }
  | { readonly kind: "dropped"; readonly reason: WindowMiss | "auth_failed" }

/** Decrypts the frames of one key id (RFC 9605 §4.4.4), each once. */
export class SFrameReceiver implements Disposable {
  readonly #key: FrameKey
  readonly #window = new FrameWindow()

  /** @param baseKey - Borrowed. */
  constructor(cipher: SFrameCipher, kid: bigint, baseKey: Uint8Array) {
    this.#key = FrameKey.derive(cipher, kid, baseKey)
  }

  /**
   * Opens a frame whose header was read. A frame that is not genuine moves nothing.
   *
   * @param metadata - As the sender named it.
   */
  open(frame: Uint8Array, { counter, lengthBytes }: ReadHeader, metadata: Uint8Array): OpenedFrame {
    const miss = this.#window.check(counter)
    if (miss !== undefined) return { kind: "dropped", reason: miss }
    const header = frame.subarray(0, lengthBytes)
    const aad = metadata.length === 0 ? header : concatBytes(header, metadata)
    const plaintext = this.#key.open(counter, aad, frame.subarray(lengthBytes))
    if (plaintext === undefined) return { kind: "dropped", reason: "auth_failed" }
    this.#window.accept(counter)
    return { kind: "frame", plaintext }
  }

  [Symbol.dispose](): void {
    this.#key[Symbol.dispose]()
  }
}
