/** Time from outside, so that deadlines and back-off are tested without waiting. */
export interface Clock {
  /** Milliseconds since some fixed moment, with fractions, never going back. Only differences mean something. */
  nowMs(): number
  /** Calls `fire` once after `delayMs`, unless the returned handle is disposed before. */
  setTimer(delayMs: number, fire: () => void): Disposable
}

/** The longest delay that timers of JavaScript can wait; a longer one would fire at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1

/** The process's own monotonic time and timers. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, Math.min(delayMs, MAX_TIMER_MS))
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}
