import { applySignal } from "./apply-signal.ts"
import type { SentSignal, SignalRefusal } from "./apply-signal.ts"
import { withoutMembers } from "./signal-state.ts"
import type { SignalState } from "./signal-state.ts"

/** A signal with its place in the order of its epoch. */
export interface LoggedSignal extends SentSignal {
  readonly requestId: number
}

/** What became of a signal. */
export type Logged =
  | {
      readonly kind: "added"
      /** Why it has no effect where it stands; `undefined` if it has one. */
      readonly refusal: SignalRefusal | undefined
      /** Earlier arrivals behind it in the order, whose effect it gave or took. */
      readonly turned: readonly LoggedSignal[]
    }
  /** The same sender used this number for a signal already. */
  | { readonly kind: "duplicate" }
  /** Its place in the order is settled: it may be sent again with a number above all others. */
  | { readonly kind: "settled" }

/** Signals of one epoch that may still be ordered anew; half of them are settled when there would be more. */
export const SIGNALS_KEPT = 1024

interface Entry {
  readonly sent: LoggedSignal
  refusal: SignalRefusal | undefined
}

/**
 * The signals of an epoch in the one order that all members agree on, whatever order they arrived in: by request id, then by
 * sender (GSP "Recovery": a snapshot, and the signals since).
 *
 * Nobody orders signals on their way, so two moderators may signal at once. Numbers are a Lamport clock: {@link nextRequestId} is
 * above all that was seen, so a signal stands behind those that its sender knew. A late one is put where it belongs, and
 * what follows is applied anew. Refused ones stay: what gave them no effect may be about to change. Whoever loses a right by a
 * signal could still use it with an older number until the epoch ends; a commit takes it at once.
 */
export class SignalLog {
  readonly #limit: number
  #snapshot: SignalState
  #state: SignalState
  /** The last place that is settled. */
  #settled: LoggedSignal | undefined
  #entries: Entry[] = []

  /** @param snapshot - The state at the beginning of the epoch. @param limit - Signals kept, at least 2. */
  constructor(snapshot: SignalState, limit: number = SIGNALS_KEPT) {
    if (!Number.isSafeInteger(limit) || limit < 2) throw new RangeError(`not a limit of signals: ${limit}`)
    this.#limit = limit
    this.#snapshot = snapshot
    this.#state = snapshot
  }

  /** What all signals together made of the group. */
  get state(): SignalState {
    return this.#state
  }

  /** Above every number that was seen in this epoch. */
  get nextRequestId(): number {
    return (this.#entries.at(-1)?.sent.requestId ?? this.#settled?.requestId ?? 0) + 1
  }

  /** The snapshot, and in order what came after it: enough for anybody to come to the same state. */
  get replay(): { readonly snapshot: SignalState; readonly signals: readonly LoggedSignal[] } {
    return { snapshot: this.#snapshot, signals: this.#entries.map(({ sent }) => sent) }
  }

  /** Why this signal would have no effect behind all others. */
  refusalOf(sent: SentSignal): SignalRefusal | undefined {
    const applied = applySignal(this.#state, sent)
    return typeof applied === "string" ? applied : undefined
  }

  add(sent: LoggedSignal): Logged {
    if (this.#settled !== undefined && compare(sent, this.#settled) <= 0) {
      return compare(sent, this.#settled) === 0 ? { kind: "duplicate" } : { kind: "settled" }
    }
    const at = this.#placeOf(sent)
    const before = this.#entries[at]
    if (before !== undefined && compare(before.sent, sent) === 0) return { kind: "duplicate" }
    this.#entries.splice(at, 0, { sent, refusal: undefined })
    const turned = this.#applyFrom(at).filter((one) => one !== sent)
    const { refusal } = this.#entries[at]!
    if (this.#entries.length > this.#limit) this.#settleHalf()
    return { kind: "added", refusal, turned }
  }

  /** Settles everything and begins the next epoch, without those who are no longer members; roles are those of the group's state. */
  enterEpoch(roles: Pick<SignalState, "roles" | "assignments">, isMember: (memberId: number) => boolean): void {
    this.#snapshot = withoutMembers({ ...this.#state, ...roles }, isMember)
    this.#state = this.#snapshot
    this.#settled = undefined
    this.#entries = []
  }

  /** Signals come nearly in order: looked for from the end. */
  #placeOf(sent: LoggedSignal): number {
    let at = this.#entries.length
    while (at > 0 && compare(this.#entries[at - 1]!.sent, sent) >= 0) at--
    return at
  }

  /** Applies what stands from `at` on anew. Returns what turned from having an effect to having none, or the other way. */
  #applyFrom(at: number): LoggedSignal[] {
    const isLast = at === this.#entries.length - 1
    let state = isLast ? this.#state : this.#stateBefore(at)
    const turned: LoggedSignal[] = []
    for (const entry of this.#entries.slice(at)) {
      const applied = applySignal(state, entry.sent)
      const refusal = typeof applied === "string" ? applied : undefined
      if ((refusal === undefined) !== (entry.refusal === undefined)) turned.push(entry.sent)
      entry.refusal = refusal
      if (typeof applied !== "string") state = applied
    }
    this.#state = state
    return turned
  }

  #stateBefore(at: number): SignalState {
    return fold(this.#snapshot, this.#entries.slice(0, at))
  }

  #settleHalf(): void {
    const settled = this.#entries.splice(0, Math.ceil(this.#entries.length / 2))
    this.#snapshot = fold(this.#snapshot, settled)
    this.#settled = settled.at(-1)?.sent
  }
}

function fold(from: SignalState, entries: readonly Entry[]): SignalState {
  let state = from
  for (const { sent } of entries) {
    const applied = applySignal(state, sent)
    if (typeof applied !== "string") state = applied
  }
  return state
}

function compare(a: LoggedSignal, b: LoggedSignal): number {
  return a.requestId - b.requestId || a.senderId - b.senderId
}
