import { extendSequence } from "./sequence.ts"

/** What the buffer needs to know of a frame. */
export interface Sequenced {
  /** 16 bits, counted by the source. */
  readonly sequence: number
}

/** What became of a frame that was pushed. */
export type Pushed<F> =
  | { readonly kind: "accepted" }
  /** It is there already. */
  | { readonly kind: "duplicate" }
  /** Its turn is over. */
  | { readonly kind: "late" }
  /** It was taken, and the oldest had to go: whoever pops is too slow. */
  | { readonly kind: "evicted"; readonly evicted: F }

/** Frames that one source may have waiting, if nobody says otherwise: a second of them. */
export const FRAMES_KEPT = 50

/**
 * Holds the frames of one source until it is their turn (GAP "Jitter buffer").
 *
 * Knows no time: whoever plays decides when to pop, and whether to wait for a gap to close ({@link popInOrder}) or to go
 * on without what is missing ({@link popForce}).
 */
export class JitterBuffer<F extends Sequenced> {
  readonly #limit: number
  /** Ascending by their full count. */
  #waiting: { readonly at: number; readonly frame: F }[] = []
  /** The count whose turn it is; `undefined` before the first pop. */
  #next: number | undefined

  /** @param limit - Frames that may wait. */
  constructor(limit: number = FRAMES_KEPT) {
    if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`not a limit of frames: ${limit}`)
    this.#limit = limit
  }

  /** Frames that wait. */
  get size(): number {
    return this.#waiting.length
  }

  /** How many turns lie between the next one and the newest frame that waits, that one included. */
  get depth(): number {
    const newest = this.#waiting.at(-1)
    const oldest = this.#next ?? this.#waiting[0]?.at
    return newest === undefined || oldest === undefined ? 0 : newest.at - oldest + 1
  }

  push(frame: F): Pushed<F> {
    const reference = this.#next ?? this.#waiting[0]?.at ?? frame.sequence
    const at = extendSequence(frame.sequence, reference)
    if (this.#next !== undefined && at < this.#next) return { kind: "late" }
    let place = this.#waiting.length
    while (place > 0 && this.#waiting[place - 1]!.at >= at) place--
    if (this.#waiting[place]?.at === at) return { kind: "duplicate" }
    this.#waiting.splice(place, 0, { at, frame })
    if (this.#waiting.length <= this.#limit) return { kind: "accepted" }
    const oldest = this.#waiting.shift()!
    this.#next = oldest.at + 1
    return { kind: "evicted", evicted: oldest.frame }
  }

  /** The frame whose turn it is, if it is there. The first that is popped begins the order. */
  popInOrder(): F | undefined {
    const head = this.#waiting[0]
    return head === undefined || (this.#next !== undefined && head.at !== this.#next) ? undefined : this.#take()
  }

  /** The oldest frame that waits, whatever is missing before it. */
  popForce(): F | undefined {
    return this.#waiting.length === 0 ? undefined : this.#take()
  }

  /** The oldest frame that waits, and whether it is its turn. It stays. */
  peek(): { readonly frame: F; readonly isNext: boolean } | undefined {
    const head = this.#waiting[0]
    return head === undefined
      ? undefined
      : { frame: head.frame, isNext: this.#next === undefined || head.at === this.#next }
  }

  #take(): F {
    const head = this.#waiting.shift()!
    this.#next = head.at + 1
    return head.frame
  }
}
