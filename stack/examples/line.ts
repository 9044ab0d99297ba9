/** How a network treats what it carries. */
export interface LineOptions {
  /** Of a hundred packets so many are lost, each by itself. */
  readonly lossPercent: number
  /** What each packet takes, in milliseconds. */
  readonly delayMs: number
  /** What it may take beyond, evenly from 0 to this: packets overtake each other where it is above 20. */
  readonly jitterMs: number
  /** The same seed loses and delays the same packets. */
  readonly seed: number
}

/** A network that loses, delays and reorders, in a time that the caller counts. */
export class Line {
  readonly #options: LineOptions
  readonly #fraction: () => number
  #underWay: { readonly arrivesAtMs: number; readonly bytes: Uint8Array }[] = []
  #lost = 0

  constructor(options: LineOptions) {
    this.#options = options
    this.#fraction = fractionsFrom(options.seed)
  }

  /** Packets that were lost so far. */
  get lost(): number {
    return this.#lost
  }

  /** Packets that will arrive. */
  get underWay(): number {
    return this.#underWay.length
  }

  send(bytes: Uint8Array, nowMs: number): void {
    const { lossPercent, delayMs, jitterMs } = this.#options
    // Both are drawn whatever happens, so that less loss delays the other packets as before.
    const [isLost, jitter] = [this.#fraction() * 100 < lossPercent, this.#fraction() * jitterMs]
    if (isLost) this.#lost++
    else this.#underWay.push({ arrivesAtMs: nowMs + delayMs + jitter, bytes })
  }

  /** What has arrived by now, in the order of its arrival. */
  arrivals(nowMs: number): { readonly arrivesAtMs: number; readonly bytes: Uint8Array }[] {
    const arrived = this.#underWay.filter(({ arrivesAtMs }) => arrivesAtMs <= nowMs)
    this.#underWay = this.#underWay.filter(({ arrivesAtMs }) => arrivesAtMs > nowMs)
    return arrived.toSorted((a, b) => a.arrivesAtMs - b.arrivesAtMs)
  }
}

/**
 * Numbers from 0 up to 1 that a seed repeats (Mulberry32). For a network that is made up; nothing secret comes of it.
 */
function fractionsFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
