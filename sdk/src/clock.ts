/** Time comes in as an argument, so that tests advance it by hand. */
export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number
  /** Calls `fire` once after `delayMs`, unless disposed before. */
  setTimer(delayMs: number, fire: () => void): Disposable
}
