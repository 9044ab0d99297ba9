import type { World } from "./world.ts"

/**
 * One run of one program. When it is killed its timers never fire and nothing it waits for ever comes: its promises stand
 * still for good, as those of a dead process do.
 */
export class Process {
  readonly name: string
  readonly #world: World
  readonly #skewMs: number
  readonly #onKilled: (() => void)[] = []
  #isAlive = true

  /** @param skewMs - how far its calendar is ahead of the world's */
  constructor(world: World, name: string, skewMs = 0) {
    this.#world = world
    this.name = name
    this.#skewMs = skewMs
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Its clock: the world's time, and timers that end with it. */
  readonly clock = {
    nowMs: (): number => this.#world.nowMs(),
    unixMs: (): number => this.#world.unixMs() + this.#skewMs,
    setTimer: (delayMs: number, fire: () => void): Disposable =>
      this.#world.schedule(delayMs, () => {
        if (this.#isAlive) fire()
      }),
  }

  onKilled(action: () => void): void {
    this.#onKilled.push(action)
  }

  /** Idempotent. */
  kill(): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    for (const action of this.#onKilled.splice(0)) action()
  }

  /** Resolves after `delayMs`, or never, if the process does not live to see it. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.clock.setTimer(delayMs, resolve))
  }
}

/** What a dead process waits for. */
export const never = <T>(): Promise<T> => new Promise(() => {})
