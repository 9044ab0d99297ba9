import { systemClock as monotonicClock } from "@qpc/rpc"
import type { Clock as MonotonicClock } from "@qpc/rpc"

/** Time comes in as an argument, so that tests advance it by hand: a monotonic clock with timers, and the calendar. */
export interface Clock extends MonotonicClock {
  /** Unix time in whole milliseconds; may jump when somebody sets the clock. */
  unixMs(): number
}

/** The machine's own time. */
export const systemClock: Clock = { ...monotonicClock, unixMs: () => Date.now() }
