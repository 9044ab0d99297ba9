import type { Caller } from "./caller.ts"
import type { Addressed } from "./packet.ts"

/** A change of the epoch. */
interface Rekey {
  readonly epoch: bigint
  readonly atMs: number
}

/** Who changes the epoch when, and how long the others take to follow. */
export class Rekeys {
  readonly #callers: readonly Caller[]
  readonly #done: Rekey[] = []
  readonly #followMs: number[] = []
  /** Changes that had to wait for their turn, because somebody had not followed the one before. */
  postponed = 0

  constructor(callers: readonly Caller[]) {
    this.#callers = callers
  }

  get done(): readonly Rekey[] {
    return this.#done
  }

  /** For each change and each of the others: from the commit to their following it, in milliseconds. */
  get followMs(): readonly number[] {
    return this.#followMs
  }

  /** The next in turn changes the epoch, if everybody is in the same one. */
  next(nowMs: number): { readonly by: Caller; readonly out: Addressed[] } | undefined {
    const by = this.#callers[this.#done.length % this.#callers.length]!
    if (this.#callers.some((caller) => caller.epoch !== by.epoch || caller.isAnnouncing)) {
      this.postponed++
      return undefined
    }
    const out = by.rekey(nowMs)
    this.#done.push({ epoch: by.epoch, atMs: nowMs })
    return { by, out }
  }

  /** Somebody came into this epoch. */
  followed(epoch: bigint, nowMs: number): void {
    const rekey = this.#done.find((one) => one.epoch === epoch)
    if (rekey !== undefined) this.#followMs.push(nowMs - rekey.atMs)
  }
}
