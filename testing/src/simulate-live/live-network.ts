import type { EventHeap } from "../simulate/event-heap.ts"
import type { Prng } from "../simulate/prng.ts"
import type { LivePlan, Partition } from "./live-plan.ts"

/** What happened to frames. */
export interface FrameCounts {
  sent: number
  lost: number
  cut: number
  repeated: number
  arrived: number
}

/** Carries frames between members, badly: loses, delays, repeats and reorders them, and is cut in two at times. */
export class LiveNetwork {
  readonly counts: FrameCounts = { sent: 0, lost: 0, cut: 0, repeated: 0, arrived: 0 }
  readonly #plan: LivePlan
  readonly #prng: Prng
  readonly #heap: EventHeap
  readonly #arrive: (to: number, bytes: Uint8Array) => void
  /** When the trouble began; `undefined` before and after. */
  troubleSinceMs: number | undefined

  constructor(plan: LivePlan, prng: Prng, heap: EventHeap, arrive: (to: number, bytes: Uint8Array) => void) {
    this.#plan = plan
    this.#prng = prng
    this.#heap = heap
    this.#arrive = arrive
  }

  send(from: number, to: number, bytes: Uint8Array, nowMs: number): void {
    this.counts.sent++
    if (this.troubleSinceMs === undefined) return this.#carry(to, bytes, nowMs + 1)
    const sinceMs = nowMs - this.troubleSinceMs
    if (this.#plan.partitions.some((partition) => isBetween(partition, from, to, sinceMs))) {
      this.counts.cut++
      return
    }
    if (this.#prng.chance(this.#plan.loss)) {
      this.counts.lost++
      return
    }
    this.#carry(to, bytes, nowMs + this.#prng.between(1, this.#plan.delayMs))
    if (!this.#prng.chance(this.#plan.duplicates)) return
    this.counts.repeated++
    this.#carry(to, bytes, nowMs + this.#prng.between(1, 2 * this.#plan.delayMs))
  }

  #carry(to: number, bytes: Uint8Array, atMs: number): void {
    this.#heap.add(atMs, () => {
      this.counts.arrived++
      this.#arrive(to, bytes)
    })
  }
}

function isBetween(
  { fromMs, untilMs, modulus, remainder }: Partition,
  from: number,
  to: number,
  sinceMs: number,
): boolean {
  if (sinceMs < fromMs || sinceMs >= untilMs) return false
  return (from % modulus === remainder) !== (to % modulus === remainder)
}
