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
 * Some time after a write the peer is asked; who lets the same time pass in silence is gone. It is asked even if bytes
 * arrived meanwhile: they may have been on their way before the write. The more was written, the longer the patience: an
 * answer cannot overtake an upload on a slow link.
 */
export class AnswerWatch {
  readonly #patienceMs: number
  readonly #actions: AnswerActions
  #timer: ReturnType<typeof setTimeout> | undefined
  #unheardBytes = 0
  #state: "idle" | "written" | "asked" | "answered" = "idle"
  #wroteSinceAsked = false

  /** @param patienceMs - for one small message; 0 never watches */
  constructor(patienceMs: number, actions: AnswerActions) {
    this.#patienceMs = patienceMs
    this.#actions = actions
  }

  wrote(bytes: number): void {
    if (this.#patienceMs === 0) return
    this.#unheardBytes += bytes
    this.#wroteSinceAsked = true
    if (this.#state === "idle") this.#wait("written")
  }

  /** Anything at all arrived. */
  heard(): void {
    this.#unheardBytes = 0
    if (this.#state === "asked") this.#state = "answered"
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#state = "idle"
  }

  /** One timer at a time, looked at when it is due: a busy connection must not pay for one with every message. */
  #wait(state: "written" | "asked"): void {
    this.#state = state
    this.#timer = setTimeout(() => this.#due(), this.#patienceMs + this.#unheardBytes / SLOWEST_LINK)
  }

  #due(): void {
    if (this.#state === "asked") return this.#actions.gone()
    if (!this.#wroteSinceAsked) {
      this.#state = "idle"
      return
    }
    this.#wroteSinceAsked = false
    this.#actions.ask()
    this.#wait("asked")
  }
}
