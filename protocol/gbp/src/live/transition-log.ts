import { LOG_TAIL_MAX } from "../control-args.ts"
import type { ControlLogEntry } from "../control-args.ts"

/** A transition that was executed, with the frames that led to it. */
export interface LoggedTransition {
  readonly transitionId: number
  /** As its coordinator sealed it. Members who missed it can open it with the keys they have. */
  readonly prepare: Uint8Array
  readonly execute: Uint8Array
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

  /** The entries of the last transitions after this one, as a digest tells of them. */
  tailSince(transitionId: number): readonly ControlLogEntry[] {
    return this.since(transitionId)
      .transitions.flatMap(({ entries }) => entries)
      .slice(-LOG_TAIL_MAX)
  }
}

function sizeOf({ prepare, execute }: LoggedTransition): number {
  return prepare.length + execute.length
}
