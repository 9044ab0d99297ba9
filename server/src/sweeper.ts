import type { ServerClock } from "./clock.ts"
import type { Observe } from "./observe.ts"
import type { Fault } from "./fault.ts"
import type { ServerLimits } from "./server-limits.ts"
import { StorageError } from "./storage/storage-error.ts"
import type { Storage } from "./storage/storage.ts"

/** What sweeping needs. */
export interface SweeperOptions {
  readonly storage: Storage
  readonly clock: ServerClock
  readonly limits: Pick<ServerLimits, "sweepEveryMs" | "sweepRows">
  readonly observe: Observe
  readonly onFault: (fault: Fault) => void
}

/** Between two sweeps while there is more to remove: deliveries go first. */
const BUSY_PAUSE_MS = 50

/** Removes expired rows now and then, a little at a time. Starts by itself; dispose of it to stop. */
export class Sweeper implements AsyncDisposable {
  readonly #options: SweeperOptions
  #timer: Disposable
  #running: Promise<void> = Promise.resolve()
  #isOver = false

  constructor(options: SweeperOptions) {
    this.#options = options
    this.#timer = this.#after(options.limits.sweepEveryMs)
  }

  /** Resolves when no sweep is running any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.#timer[Symbol.dispose]()
    await this.#running
  }

  #after(delayMs: number): Disposable {
    return this.#options.clock.setTimer(delayMs, () => {
      this.#running = this.#sweep()
    })
  }

  /** Never rejects: a sweep that failed is reported and tried again later. */
  async #sweep(): Promise<void> {
    const { storage, clock, limits, observe, onFault } = this.#options
    let delayMs = limits.sweepEveryMs
    try {
      const { removed, more } = await storage.sweep(clock.unixMs(), limits.sweepRows)
      if (removed > 0) observe({ kind: "swept", removed })
      if (more) delayMs = BUSY_PAUSE_MS
    } catch (error) {
      onFault({ during: "sweep", error })
      // An error that is not the disk's would only repeat itself.
      if (!(error instanceof StorageError)) return
    }
    if (!this.#isOver) this.#timer = this.#after(delayMs)
  }
}
