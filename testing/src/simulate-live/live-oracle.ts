import type { LiveMember } from "gbp-stack"
import { toHex } from "@qpc/wire"

/** What went wrong. */
export interface LiveViolation {
  readonly kind:
    | "false_quorum"
    | "two_lines"
    | "two_epochs"
    | "two_rosters"
    | "stuck"
    | "unread"
    | "read_twice"
    | "never_said"
    | "false_alarm"
    | "nobody_left"
  readonly text: string
}

/** An epoch that somebody went on to, and from where. */
interface Step {
  readonly memberId: number
  readonly from: string
  readonly to: string
}

/** Sees what all members do, and says what none of them may ever do. */
export class LiveOracle {
  readonly violations: LiveViolation[] = []
  /** Which members were ready, by epoch and transition. */
  readonly #ready = new Map<string, Set<number>>()
  readonly #steps: Step[] = []
  /** Epoch of each member, as it was last seen. */
  readonly #epochs = new Map<number, string>()
  readonly #said = new Map<string, number>()
  readonly #read = new Set<string>()
  /** Whom somebody saw removed. */
  readonly removed = new Set<number>()

  tell(kind: LiveViolation["kind"], text: string): void {
    this.violations.push({ kind, text })
  }

  /** Somebody comes in; whoever was not let in before may come again. */
  entered(member: LiveMember): void {
    this.#epochs.set(member.memberId, toHex(member.epochAuthenticator()))
    this.look(member)
  }

  /** Looks at a member after each step of it: what it is ready for, and where it stands. */
  look(member: LiveMember): void {
    if (member.endpoint === "failed" || member.endpoint === "closed") return
    const epoch = toHex(member.epochAuthenticator())
    if (member.pendingTransitionId === 0) return
    this.#readyFor(epoch, member.pendingTransitionId).add(member.memberId)
  }

  /**
   * A member took a commit into effect. Everybody who was there before and after has to have been ready for it, and everybody who is new in
   * its epoch: a newcomer was ready there.
   */
  advanced(member: LiveMember, transitionId: number, joined: readonly number[], left: readonly number[]): void {
    const { memberId } = member
    for (const id of left) this.removed.add(id)
    if (left.includes(memberId)) return
    const from = this.#epochs.get(memberId)!
    const to = toHex(member.epochAuthenticator())
    this.#epochs.set(memberId, to)
    // A newcomer is let in where it is.
    if (from === to) return
    this.#steps.push({ memberId, from, to })
    for (const id of member.memberIds) {
      const isReady = this.#readyFor(joined.includes(id) ? to : from, transitionId).has(id)
      if (id !== memberId && !isReady) {
        this.tell("false_quorum", `${memberId} followed transition ${transitionId}, for which ${id} was not ready`)
      }
    }
  }

  /** A member says that another went another way, which only happens to who was removed meanwhile. */
  divided(memberId: number, otherId: number): void {
    if (this.removed.has(memberId) || this.removed.has(otherId)) return
    this.tell("false_alarm", `${memberId} says that the group is divided from ${otherId}`)
  }

  /** A member wrote a text. */
  said(memberId: number, text: string): void {
    this.#said.set(text, memberId)
  }

  /** A member read a text. */
  read(memberId: number, senderId: number, text: string): void {
    if (this.#said.get(text) !== senderId) this.tell("never_said", `${memberId} read "${text}" of ${senderId}`)
    const name = `${memberId} ${text}`
    if (this.#read.has(name)) this.tell("read_twice", `${memberId} read "${text}" twice`)
    this.#read.add(name)
  }

  hasRead(memberId: number, text: string): boolean {
    return this.#read.has(`${memberId} ${text}`)
  }

  /** From one epoch, members who were not removed go on to one other only. */
  checkLines(): void {
    const next = new Map<string, Step>()
    for (const step of this.#steps) {
      if (this.removed.has(step.memberId)) continue
      const known = next.get(step.from)
      if (known === undefined) next.set(step.from, step)
      else if (known.to !== step.to)
        this.tell("two_lines", `${known.memberId} and ${step.memberId} went different ways`)
    }
  }

  #readyFor(epoch: string, transitionId: number): Set<number> {
    const name = `${epoch} ${transitionId}`
    const known = this.#ready.get(name) ?? new Set()
    this.#ready.set(name, known)
    return known
  }
}
