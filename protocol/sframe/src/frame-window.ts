/** How far behind the newest frame of its key a frame may arrive. */
export const WINDOW_FRAMES = 1024

const WORDS = WINDOW_FRAMES / 32
const MASK = BigInt(WINDOW_FRAMES - 1)

/** Why a counter is not taken: `replayed` it was before, `late` it is behind the window and nobody knows. */
export type WindowMiss = "replayed" | "late"

/** Remembers which counters of one key have come (RFC 9605 §9.3). */
export class FrameWindow {
  #newest = -1n
  /** Bit `counter % 1024` is set once that counter has come, for the newest 1024. */
  readonly #bits = new Uint32Array(WORDS)

  /** Why this counter may not come, or `undefined`. Changes nothing. */
  check(counter: bigint): WindowMiss | undefined {
    if (counter > this.#newest) return undefined
    if (this.#newest - counter >= BigInt(WINDOW_FRAMES)) return "late"
    return this.#has(counter) ? "replayed" : undefined
  }

  /** Notes that a counter has come, which {@link check} allowed. Only after the frame proved genuine. */
  accept(counter: bigint): void {
    if (counter > this.#newest) this.#slideTo(counter)
    const slot = Number(counter & MASK)
    this.#bits[slot >>> 5]! |= 1 << (slot & 31)
  }

  #slideTo(counter: bigint): void {
    // A jump longer than the window clears every word once: one frame costs the same however far its sender jumps.
    if (counter - this.#newest >= BigInt(WINDOW_FRAMES)) this.#bits.fill(0)
    else
      for (let next = this.#newest + 1n; next <= counter; next++) {
        const slot = Number(next & MASK)
        this.#bits[slot >>> 5]! &= ~(1 << (slot & 31))
      }
    this.#newest = counter
  }

  #has(counter: bigint): boolean {
    const slot = Number(counter & MASK)
    return ((this.#bits[slot >>> 5]! >>> (slot & 31)) & 1) === 1
  }
}
