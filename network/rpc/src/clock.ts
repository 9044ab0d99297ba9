/** Time from outside, so that deadlines and back-off are tested without waiting. */
export interface Clock {
  /** Milliseconds since some fixed moment, with fractions, never going back. Only differences mean something. */
  nowMs(): number
  /** Calls `fire` once after `delayMs`, unless the returned handle is disposed before. */
  setTimer(delayMs: number, fire: () => void): Disposable
}

/** The longest delay that timers of JavaScript can wait; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The process's own monotonic time and timers. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, Math.min(delayMs, MAX_TIMER_MS))
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}

/** @throws RangeError unless timers can wait that long. */
export function checkDeadline(deadlineMs: number): void {
  if (deadlineMs > 0 && deadlineMs <= MAX_TIMER_MS) return
  throw new RangeError(`deadlineMs must be above 0 and at most ${MAX_TIMER_MS}`)
}

/** Waits for `work`, and fires if it takes longer than `delayMs`; the timer ends with the work. */
export async function withTimer<T>(
  clock: Clock,
  delayMs: number,
  fire: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const timer = clock.setTimer(delayMs, fire)
  try {
    return await work()
  } finally {
    timer[Symbol.dispose]()
  }
}
