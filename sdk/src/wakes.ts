import { toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { Clock } from "./clock.ts"

/** Remembers when each group wants to be ticked. */
export class Wakes {
  readonly #clock: Clock
  readonly #tick: (groupId: GroupId) => void
  readonly #timers = new Map<string, Disposable>()
  #isClosed = false

  /** @param tick - Does what is due; deals with its own failures. */
  constructor(clock: Clock, tick: (groupId: GroupId) => void) {
    this.#clock = clock
    this.#tick = tick
  }

  /** The newest wish counts; `undefined` is none. */
  schedule(groupId: GroupId, atMs: number | undefined): void {
    const group = toHex(groupId)
    this.#timers.get(group)?.[Symbol.dispose]()
    this.#timers.delete(group)
    if (atMs === undefined || this.#isClosed) return
    const delayMs = Math.max(0, atMs - this.#clock.unixMs())
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#timers.delete(group)
      this.#tick(groupId)
    })
    this.#timers.set(group, timer)
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers.values()) timer[Symbol.dispose]()
    this.#timers.clear()
  }
}
