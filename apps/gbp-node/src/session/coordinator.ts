import { ControlOpcode, StackError } from "gbp-stack"
import type { GroupSession, Reaction } from "./group-session.ts"
import type { Told } from "./told.ts"

/** A change of the group that somebody asked for. */
type Change =
  | {
      readonly kind: "add"
      readonly keyPackage: Uint8Array
      /** Called once: with what lets the newcomer in, or with why it cannot come. */
      readonly settled: (admission: Admission | { readonly refused: string }) => void
    }
  | { readonly kind: "remove"; readonly leafIndex: number }

/** What a newcomer gets. */
export interface Admission {
  readonly welcome: Uint8Array
  readonly transitionId: number
  readonly leafIndex: number
}

/** The change that is under way. */
interface Pending {
  readonly change: Change
  /** With this one. */
  readonly attempts: number
  readonly id: number
  readonly welcome?: Uint8Array
}

/** Changes that may wait for the one under way. */
const WAITING_MAX = 256
/** How often a change is prepared before it is given up: members may be slow, or gone and about to be removed themselves. */
const ATTEMPTS = 3

/**
 * Changes the group, one transition after the other, for the member who founded it: stages a commit, has everybody prepare, and
 * executes once all are ready (GBP "Control plane").
 */
export class Coordinator {
  readonly #session: GroupSession
  readonly #waiting: { readonly change: Change; readonly attempts: number }[] = []
  #pending: Pending | undefined
  #lastId = 0

  constructor(session: GroupSession) {
    this.#session = session
  }

  /** Lets somebody in as soon as nothing else is under way. */
  add(keyPackage: Uint8Array, settled: (admission: Admission | { readonly refused: string }) => void): Reaction {
    if (this.#waiting.length >= WAITING_MAX) {
      settled({ refused: "too many wait to be let in: try again later" })
      return { frames: [], told: [] }
    }
    return this.#enqueue({ kind: "add", keyPackage, settled })
  }

  /** Removes a member. */
  remove(leafIndex: number): Reaction {
    return this.#enqueue({ kind: "remove", leafIndex })
  }

  /** To be called after every frame and tick: executes what everybody is ready for, aborts what took too long, goes on with the next. */
  step(): Reaction {
    const frames: Uint8Array[] = []
    const told: Told[] = []
    for (;;) {
      const pending = this.#pending
      const reaction = pending === undefined ? this.#begin() : this.#execute(pending)
      if (reaction === undefined) return { frames, told }
      frames.push(...reaction.frames)
      told.push(...reaction.told)
    }
  }

  /** Gives up the transition under way, and tries it again after those that wait. */
  abort(): Reaction {
    const pending = this.#pending
    if (pending === undefined) return { frames: [], told: [] }
    const { mls, node } = this.#session
    const { wire } = node.sendControl(mls, 0, ControlOpcode.AbortTransition, pending.id, 0)
    this.#pending = undefined
    const { change, attempts } = pending
    if (attempts < ATTEMPTS) this.#waiting.push({ change, attempts })
    else if (change.kind === "add") change.settled({ refused: "the members did not get ready in time" })
    return { frames: [wire], told: [] }
  }

  /** A frame that says who coordinates, for members who have not heard of it for a while. */
  signOfLife(): Uint8Array {
    return this.#session.node.claimCoordinator(this.#session.mls).wire
  }

  #enqueue(change: Change): Reaction {
    this.#waiting.push({ change, attempts: 0 })
    return this.step()
  }

  #begin(): Reaction | undefined {
    const next = this.#waiting.shift()
    if (next === undefined) return undefined
    const { change } = next
    const { mls, node } = this.#session
    const id = ++this.#lastId
    try {
      const staged =
        change.kind === "add" ? mls.inviteFull(change.keyPackage) : { commit: mls.removeMember(change.leafIndex) }
      const welcome = "welcome" in staged ? { welcome: staged.welcome } : {}
      const isAlone = node.members(mls).length === 1
      this.#pending = { change, attempts: next.attempts + 1, id, ...welcome }
      if (isAlone) return { frames: [], told: [] }
      const { wire } = node.sendControl(mls, 0, ControlOpcode.PrepareTransition, id, 0, staged.commit)
      return { frames: [wire], told: [] }
    } catch (error) {
      if (!(error instanceof StackError)) throw error
      mls.clearPendingCommit()
      this.#pending = undefined
      if (change.kind === "add") change.settled({ refused: error.message })
      return { frames: [], told: [{ event: "refused", reason: error.message, code: error.code }] }
    }
  }

  #execute({ change, id, welcome }: Pending): Reaction | undefined {
    const { mls, node } = this.#session
    const before = new Set(node.members(mls).map(({ leafIndex }) => leafIndex))
    let wire: Uint8Array
    try {
      // Sealed in the old epoch, in which everybody is who has to take the step.
      wire = node.sendControl(mls, 0, ControlOpcode.ExecuteTransition, id, 0).wire
    } catch (error) {
      if (error instanceof StackError && error.code === "members_not_ready") return undefined
      throw error
    }
    mls.finalizeCommit()
    node.applyTransition(id)
    this.#pending = undefined
    const newcomer = node.members(mls).find(({ leafIndex }) => !before.has(leafIndex))
    if (change.kind === "add" && welcome !== undefined && newcomer !== undefined) {
      change.settled({ welcome, transitionId: id, leafIndex: newcomer.leafIndex })
    }
    const because = `transition ${id}`
    const told: Told = { event: "members", epoch: mls.epoch, members: this.#session.people(), because }
    return { frames: [wire], told: [told] }
  }
}
