import { LOG_TAIL_MAX } from "../control-args.ts"
import type { ControlLogEntry } from "../control-args.ts"

/** A transition that was executed, with the frames that led to it. */
export interface LoggedTransition {
  readonly transitionId: number
  /** As their authors sealed them, in order. Members who missed some can open them with the keys they have. */
  readonly frames: readonly Uint8Array[]
  /** Whom it removed, and the frames that tell them: they cannot open the new epoch. */
  readonly left: readonly number[]
  readonly notice: readonly Uint8Array[]
  readonly entries: readonly ControlLogEntry[]
}

/** What somebody missed. */
export interface MissedTransitions {
  readonly transitions: readonly LoggedTransition[]
  /** Older ones are not kept any more. */
  readonly isTruncated: boolean
}

/** The last transitions, bounded in number and bytes; the oldest goes first. */
export class TransitionLog {
  readonly #limits: { readonly loggedTransitions: number; readonly loggedBytes: number }
  #transitions: LoggedTransition[] = []
  #bytes = 0
  /** The last transition that is not kept: what came after it is. */
  #forgottenUpTo: number

  /** @param from - The last transition before those that can be kept. */
  constructor(from: number, limits: { readonly loggedTransitions: number; readonly loggedBytes: number }) {
    this.#forgottenUpTo = from
    this.#limits = limits
  }

  add(transition: LoggedTransition): void {
    this.#transitions.push(transition)
    this.#bytes += sizeOf(transition)
    while (this.#transitions.length > this.#limits.loggedTransitions || this.#bytes > this.#limits.loggedBytes) {
      const dropped = this.#transitions.shift()!
      this.#bytes -= sizeOf(dropped)
      this.#forgottenUpTo = dropped.transitionId
    }
  }

  /** Everything after this transition. */
  since(transitionId: number): MissedTransitions {
    const isTruncated = transitionId < this.#forgottenUpTo
    return { transitions: this.#transitions.filter((one) => one.transitionId > transitionId), isTruncated }
  }

  /** What tells a member that it was removed after this transition; nothing if it is not kept. */
  noticeFor(memberId: number, transitionId: number): readonly Uint8Array[] {
    return this.since(transitionId).transitions.find(({ left }) => left.includes(memberId))?.notice ?? []
  }

  /** The entries of the last transitions after this one, as a digest tells of them. */
  tailSince(transitionId: number): readonly ControlLogEntry[] {
    return this.since(transitionId)
      .transitions.flatMap(({ entries }) => entries)
      .slice(-LOG_TAIL_MAX)
  }
}

function sizeOf({ frames, notice }: LoggedTransition): number {
  return [...frames, ...notice].reduce((sum, { length }) => sum + length, 0)
}
