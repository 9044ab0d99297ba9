import type { SFrameSender } from "./sframe-sender.ts"

/** Whoever encrypts in an epoch. */
interface EpochSender {
  readonly epoch: bigint
  readonly sender: SFrameSender
}

/**
 * Under which epoch frames are encrypted: the newest, or for a while the one before, so that members who come into the
 * newest a little later lose nothing (RFC 9605 §4.4.1).
 */
export class Sealing implements Disposable {
  #current: EpochSender | undefined
  /** Takes the place of `#current` once its time has come. */
  #next: (EpochSender & { readonly fromMs: number }) | undefined

  /** `undefined` where nobody may send. */
  get epoch(): bigint | undefined {
    return this.#current?.epoch
  }

  get sender(): SFrameSender | undefined {
    return this.#current?.sender
  }

  /** When {@link tick} has something to do, or `undefined`. */
  get wakeAtMs(): number | undefined {
    return this.#next?.fromMs
  }

  /** Nobody may send any more. */
  end(): void {
    this.#current?.sender[Symbol.dispose]()
    this.#next?.sender[Symbol.dispose]()
    this.#current = undefined
    this.#next = undefined
  }

  /** Another epoch begins, in which frames are encrypted from `fromMs` on; at once where there is none before. */
  goOn(epoch: bigint, sender: SFrameSender, { nowMs, fromMs }: { nowMs: number; fromMs: number }): void {
    // Whoever changes epochs faster than they begin to encrypt in them is never more than one behind.
    this.#takeNext()
    this.#next = { epoch, sender, fromMs: this.#current === undefined ? nowMs : fromMs }
    this.tick(nowMs)
  }

  tick(nowMs: number): void {
    if (this.#next !== undefined && this.#next.fromMs <= nowMs) this.#takeNext()
  }

  [Symbol.dispose](): void {
    this.end()
  }

  #takeNext(): void {
    if (this.#next === undefined) return
    this.#current?.sender[Symbol.dispose]()
    this.#current = this.#next
    this.#next = undefined
  }
}
