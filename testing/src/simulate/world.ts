import { EventHeap } from "./event-heap.ts"
import { Trace } from "./trace.ts"

/** Noon of some day; only what is stored knows the calendar. */
const START_UNIX_MS = Date.UTC(2027, 0, 15, 12)

/** Gives everything that promises have to do a chance to be done. Node: `setImmediate`; a browser: `MessageChannel`. */
export type Drain = () => Promise<void>

/**
 * Virtual time: nothing happens but what was scheduled, one after the other, and between two events every promise that
 * can go on goes on until none can. The same schedule gives the same run.
 */
export class World {
  readonly trace: Trace
  readonly #heap = new EventHeap()
  readonly #drain: Drain
  #nowMs = 0
  /** Called after each event, when all is quiet. */
  afterEvent: () => void = () => {}

  constructor(drain: Drain) {
    this.#drain = drain
    this.trace = new Trace(() => this.#nowMs)
  }

  nowMs(): number {
    return this.#nowMs
  }

  unixMs(): number {
    return START_UNIX_MS + Math.floor(this.#nowMs)
  }

  /** Happens once after `delayMs`, unless the result is disposed of before. */
  schedule(delayMs: number, happen: () => void): Disposable {
    let isCancelled = false
    this.#heap.add(this.#nowMs + Math.max(0, delayMs), () => {
      if (!isCancelled) happen()
    })
    return { [Symbol.dispose]: () => void (isCancelled = true) }
  }

  /** Goes on until `untilMs`, or until `isDone` says so between two events. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    await this.#settle()
    while (!isDone()) {
      const { nextMs } = this.#heap
      if (nextMs === undefined || nextMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs)
        return
      }
      this.#nowMs = nextMs
      this.#heap.take()!.happen()
      await this.#settle()
    }
  }

  async #settle(): Promise<void> {
    await this.#drain()
    this.afterEvent()
  }
}
