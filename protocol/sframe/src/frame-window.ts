/** How far behind the newest frame of its key a frame may arrive. */
export const WINDOW_FRAMES = 1024

const WORDS = WINDOW_FRAMES / 32
const WINDOW = BigInt(WINDOW_FRAMES)
const SLOT_BITS = Math.log2(WINDOW_FRAMES)

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
    if (this.#newest - counter >= WINDOW) return "late"
    return this.#has(counter) ? "replayed" : undefined
  }

  /** Notes that a counter has come, which {@link check} allowed. Only after the frame proved genuine. */
  accept(counter: bigint): void {
    if (counter > this.#newest) this.#slideTo(counter)
    const slot = slotOf(counter)
    this.#bits[slot >>> 5]! |= 1 << (slot & 31)
  }

  #slideTo(counter: bigint): void {
    // A jump longer than the window clears every word once: one frame costs the same however far its sender jumps.
    const distance = counter - this.#newest
    if (distance >= WINDOW) this.#bits.fill(0)
    else {
      const last = slotOf(counter)
      // Those between; the counter's own place is taken next.
      for (let behind = Number(distance) - 1; behind > 0; behind--) {
        const slot = (last - behind) & (WINDOW_FRAMES - 1)
        this.#bits[slot >>> 5]! &= ~(1 << (slot & 31))
      }
    }
    this.#newest = counter
  }

  #has(counter: bigint): boolean {
    const slot = slotOf(counter)
    return ((this.#bits[slot >>> 5]! >>> (slot & 31)) & 1) === 1
  }
}

/** The low bits of a counter: where in the window it stands. */
function slotOf(counter: bigint): number {
  return Number(BigInt.asUintN(SLOT_BITS, counter))
}
