/** The slowest link that counts as working: what was written may take so long to arrive. In bytes per millisecond. */
const SLOWEST_LINK = 16

/** What an `AnswerWatch` does. */
export interface AnswerActions {
  /** Asks the peer whether it is there; every peer answers that. */
  readonly ask: () => void
  /** The peer did not even answer the question. */
  readonly gone: () => void
}

/**
 * Notices a peer that is gone soon after something was written to it, instead of at the next keep-alives: a person has
 * just pressed Enter. Over QUIC nothing else tells that the other process died.
 *
 * Whoever is written to and stays silent is asked once; who does not answer that in the same time is gone. The more was
 * written, the longer the patience: an answer cannot overtake an upload on a slow link.
 */
export class AnswerWatch {
  readonly #patienceMs: number
  readonly #actions: AnswerActions
  #timer: ReturnType<typeof setTimeout> | undefined
  #unheardBytes = 0
  #heard = false
  #asked = false

  /** @param patienceMs - for one small message; 0 never watches */
  constructor(patienceMs: number, actions: AnswerActions) {
    this.#patienceMs = patienceMs
    this.#actions = actions
  }

  wrote(bytes: number): void {
    if (this.#patienceMs === 0) return
    this.#unheardBytes += bytes
    if (this.#timer === undefined) this.#wait()
  }

  /** Anything at all arrived. */
  heard(): void {
    this.#heard = true
    this.#asked = false
    this.#unheardBytes = 0
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #wait(): void {
    this.#heard = false
    this.#timer = setTimeout(() => this.#due(), this.#patienceMs + this.#unheardBytes / SLOWEST_LINK)
  }

  #due(): void {
    this.#timer = undefined
    // One timer at a time, looked at when it is due: a busy connection must not pay for one with every message.
    if (this.#heard) {
      if (this.#unheardBytes > 0) this.#wait()
      return
    }
    if (this.#asked) return this.#actions.gone()
    this.#asked = true
    this.#actions.ask()
    this.#wait()
  }
}
