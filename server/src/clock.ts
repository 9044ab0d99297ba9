import { systemClock } from "@qpc/rpc"
import type { Clock } from "@qpc/rpc"

/** Time from outside: differences and timers as in `Clock`, and the calendar for what is stored. */
export interface ServerClock extends Clock {
  /** Unix time in whole milliseconds. It may jump when somebody sets the machine's clock. */
  unixMs(): number
}

/** The machine's own time. */
export const systemServerClock: ServerClock = { ...systemClock, unixMs: () => Date.now() }
