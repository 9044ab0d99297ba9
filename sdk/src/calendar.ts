import type { Clock } from "./clock.ts"
import type { CalendarRecord } from "./records.ts"

/**
 * Clocks that differ by no more are taken for right: key packages are valid from an hour before they were made, and end after weeks.
 */
export const CLOCK_TOLERANCE_MS: number = 15 * 60_000

/** No copy of this program is older, so it is no earlier. To be raised with releases. */
export const EARLIEST_MS: number = Date.UTC(2025, 0, 1)

/** It is no later: whoever says so is wrong, and numbers that are derived from it would not fit where they are stored. */
export const LATEST_MS: number = Date.UTC(2075, 0, 1)

/** The machine's calendar is believed for what passes without the server up to this: who set it further, set it wrongly. */
export const UNHEARD_MS: number = 366 * 86_400_000

/** What the server said, corrected by half of the time that the question took. */
export interface HeardTime {
  readonly serverMs: number
  readonly uncertaintyMs: number
}

/**
 * What comes of it.
 *
 * - `agrees`: within the tolerance; the machine's calendar is followed.
 * - `differs`: the server's time is followed.
 * - `refused`: the server names a time that is over, or one that cannot be; nothing is changed.
 */
export type Hearing = "agrees" | "differs" | "refused"

/** The same moment by two clocks. */
interface Base {
  readonly calendarMs: number
  readonly machineMs: number
  readonly monotonicMs: number
}

/**
 * The time by which the client lives: the machine's, as long as the server's signed time agrees with it, and the server's where it
 * does not. Neither of them alone is believed further than it must be: see docs/time.md for what a server gains by lying.
 */
export class Calendar implements Clock {
  readonly #clock: Clock
  #base: Base | undefined
  /** It was this late by then; a lower bound of now, with what the monotonic clock counted since. */
  #floor: { readonly atMs: number; readonly monotonicMs: number }
  /** How far before and behind {@link unixMs} the time may be. */
  #spreadMs: { readonly before: number; readonly behind: number } = { before: 0, behind: 0 }
  /** True while the connection lasts over which we heard: the machine did not sleep for long, so the monotonic clock counts all. */
  #isConnected = false
  #aheadMs = 0
  #hasRefused = false

  /** @param stored - What {@link record} said last; `undefined` for a profile that has never heard its server. */
  constructor(clock: Clock, stored: CalendarRecord | undefined) {
    this.#clock = clock
    const [machineMs, monotonicMs] = [clock.unixMs(), clock.nowMs()]
    this.#floor = { atMs: stored?.floorMs ?? EARLIEST_MS, monotonicMs }
    if (stored === undefined) return
    this.#aheadMs = stored.calendarMs - stored.machineMs
    const passedMs = believable(machineMs - stored.machineMs)
    this.#base = { calendarMs: stored.calendarMs + passedMs, machineMs, monotonicMs }
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  setTimer(delayMs: number, fire: () => void): Disposable {
    return this.#clock.setTimer(delayMs, fire)
  }

  /** Unix time in whole milliseconds, from {@link EARLIEST_MS} to {@link LATEST_MS}. It jumps only when the server was heard. */
  unixMs(): number {
    const ms = this.#base === undefined ? this.machineMs() : this.#base.calendarMs + this.#sinceMs(this.#base)
    return Math.min(Math.max(ms, EARLIEST_MS), LATEST_MS)
  }

  /** What the machine's own calendar says, right or wrong. */
  machineMs(): number {
    return this.#clock.unixMs()
  }

  /** Between which times it is: what comes from others is good if it is good at both ends. Unix milliseconds. */
  bounds(): { readonly earliestMs: number; readonly latestMs: number } {
    const [nowMs, { before, behind }] = [this.unixMs(), this.#spreadMs]
    return { earliestMs: nowMs - before, latestMs: nowMs + behind }
  }

  /** By how much the calendar was ahead of the machine's when the server was last heard; 0 where they agreed, or never did. */
  get aheadMs(): number {
    return this.#aheadMs
  }

  /** The server's word was not believed. @returns true for the first time in this run: once is enough to say so */
  noteRefusal(): boolean {
    const isFirst = !this.#hasRefused
    this.#hasRefused = true
    return isFirst
  }

  /** Takes in what the server just said; its signature was checked. @returns what that means; {@link record} has to be stored then */
  hear({ serverMs, uncertaintyMs }: HeardTime): Hearing {
    const [machineMs, monotonicMs] = [this.machineMs(), this.nowMs()]
    const differenceMs = serverMs - machineMs
    const isPossible = serverMs >= EARLIEST_MS - CLOCK_TOLERANCE_MS && serverMs <= LATEST_MS
    if (isPossible && Math.abs(differenceMs) - uncertaintyMs <= CLOCK_TOLERANCE_MS) {
      this.#base = { calendarMs: machineMs, machineMs, monotonicMs }
      this.#spreadMs = { before: Math.max(0, -differenceMs), behind: Math.max(0, differenceMs) }
      // Two that agree may also say that it is earlier than we thought: whoever was once misled must not stay so.
      this.#floor = { atMs: Math.min(machineMs, serverMs), monotonicMs }
      this.#aheadMs = 0
      this.#isConnected = true
      return "agrees"
    }
    const floorMs = this.#floorMs()
    if (!isPossible || serverMs + uncertaintyMs + CLOCK_TOLERANCE_MS < floorMs) return "refused"
    this.#base = { calendarMs: serverMs, machineMs, monotonicMs }
    this.#spreadMs = { before: uncertaintyMs, behind: uncertaintyMs }
    this.#floor = { atMs: Math.max(floorMs, serverMs), monotonicMs }
    this.#aheadMs = differenceMs
    this.#isConnected = true
    return "differs"
  }

  /** The machine may sleep from now on without our noticing. */
  connectionEnded(): void {
    this.#isConnected = false
  }

  /** `undefined` before the server was ever heard. */
  record(): CalendarRecord | undefined {
    if (this.#base === undefined) return undefined
    const { calendarMs, machineMs } = this.#base
    return { calendarMs, machineMs: Math.max(0, machineMs), floorMs: this.#floor.atMs }
  }

  #floorMs(): number {
    return this.#floor.atMs + Math.floor(this.nowMs() - this.#floor.monotonicMs)
  }

  #sinceMs({ machineMs, monotonicMs }: Base): number {
    const ranMs = Math.floor(this.nowMs() - monotonicMs)
    if (this.#isConnected) return ranMs
    return ranMs + believable(this.machineMs() - machineMs - ranMs)
  }
}

/** What of a difference can have passed: nothing goes back, and nobody is away for longer. */
function believable(passedMs: number): number {
  return passedMs > 0 && passedMs <= UNHEARD_MS ? passedMs : 0
}
