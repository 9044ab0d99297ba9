const BLOCK_BYTES = 4_096
const SMALL_BYTES = 1_024

/**
 * What arrived and was not read yet.
 *
 * Memory stays within a small multiple of `lengthBytes` whatever the peer does: small pieces are gathered in blocks (an
 * object per byte would cost a hundred times its size), and a piece that would keep a much larger buffer alive is
 * copied out of it.
 */
export class UnreadBytes {
  #blocks: Uint8Array[] = []
  /** How much of the last block is filled, if it is one of ours and still open. */
  #filledBytes: number | undefined
  #lengthBytes = 0

  get lengthBytes(): number {
    return this.#lengthBytes
  }

  /** Takes ownership of `bytes`. */
  push(bytes: Uint8Array): void {
    this.#lengthBytes += bytes.length
    if (bytes.length < SMALL_BYTES) return this.#gather(bytes)
    this.#seal()
    this.#blocks.push(bytes.length * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes)
  }

  /** The oldest piece; the caller owns it. */
  shift(): Uint8Array | undefined {
    if (this.#blocks.length === 1) this.#seal()
    const block = this.#blocks.shift()
    this.#lengthBytes -= block?.length ?? 0
    return block
  }

  clear(): void {
    this.#blocks = []
    this.#filledBytes = undefined
    this.#lengthBytes = 0
  }

  #gather(bytes: Uint8Array): void {
    if (this.#filledBytes === undefined || this.#filledBytes + bytes.length > BLOCK_BYTES) {
      this.#seal()
      this.#blocks.push(new Uint8Array(BLOCK_BYTES))
      this.#filledBytes = 0
    }
    this.#blocks.at(-1)!.set(bytes, this.#filledBytes)
    this.#filledBytes += bytes.length
  }

  #seal(): void {
    if (this.#filledBytes === undefined) return
    this.#blocks.push(this.#blocks.pop()!.subarray(0, this.#filledBytes))
    this.#filledBytes = undefined
  }
}
