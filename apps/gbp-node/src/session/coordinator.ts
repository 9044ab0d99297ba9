import { ControlOpcode, StackError } from "gbp-stack"
import type { GroupSession, Reaction } from "./group-session.ts"
import type { Told } from "./told.ts"

/** Somebody who wants to come in. */
export interface Newcomer {
  readonly keyPackage: Uint8Array
  /** True once nobody is there any more to be let in. */
  readonly isGone: () => boolean
  /** Called at most once: with what lets the newcomer in, or with why it cannot come. */
  readonly settled: (admission: Admission | { readonly refused: string }) => void
}

/** A change of the group. */
type Change =
  | { readonly kind: "add"; readonly newcomer: Newcomer; readonly attempts: number }
  | { readonly kind: "remove"; readonly leafIndexes: readonly number[] }

/** What a newcomer gets. */
export interface Admission {
  readonly welcome: Uint8Array
  readonly transitionId: number
  readonly leafIndex: number
}

/** The change that is under way. */
interface Pending {
  readonly change: Change
  readonly id: number
  readonly welcome?: Uint8Array
}

/** What giving a transition up leads to. */
export interface Aborted {
  readonly reaction: Reaction
  /** Leaves that were not ready so often that they are removed. */
  readonly silent: readonly number[]
}

/** Newcomers that may wait for the change under way. Removals have a place each: there are no more than members. */
const WAITING_MAX = 256
/** How many changes in a row may fail for want of READY, and how often a newcomer is tried: members may be slow, or about to be removed. */
const ATTEMPTS = 3

/**
 * Changes the group, one transition after the other, for the member who founded it: stages a commit, has everybody prepare, and
 * executes once all are ready (GBP "Control plane").
 */
export class Coordinator {
  readonly #session: GroupSession
  readonly #waiting: { readonly newcomer: Newcomer; readonly attempts: number }[] = []
  /** Leaves to be removed, all in one commit: a commit waits for everybody whom it does not remove. */
  readonly #leaving = new Set<number>()
  /** Leaves that the change under way waits for. */
  #missing: readonly number[] = []
  #failuresInARow = 0
  #pending: Pending | undefined
  #lastId = 0

  constructor(session: GroupSession) {
    this.#session = session
  }

  /** Lets somebody in as soon as nothing else is under way. */
  add(newcomer: Newcomer): Reaction {
    if (this.#waiting.length >= WAITING_MAX) {
      newcomer.settled({ refused: "too many wait to be let in: try again later" })
      return { frames: [], told: [] }
    }
    this.#waiting.push({ newcomer, attempts: 0 })
    return this.step()
  }

  /** Removes a member before anybody else is let in, however many attempts it takes. */
  remove(leafIndex: number): Reaction {
    this.#leaving.add(leafIndex)
    return this.step()
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

  /** Gives up the transition under way, and tries it again: removals with all those that came since, newcomers after those that wait. */
  abort(): Aborted {
    const pending = this.#pending
    if (pending === undefined) return { reaction: { frames: [], told: [] }, silent: [] }
    const { mls, node } = this.#session
    const { wire } = node.sendControl(mls, 0, ControlOpcode.AbortTransition, pending.id, 0)
    this.#pending = undefined
    const { change } = pending
    if (change.kind === "remove") for (const leafIndex of change.leafIndexes) this.#leaving.add(leafIndex)
    else if (change.attempts < ATTEMPTS) this.#waiting.push(change)
    else change.newcomer.settled({ refused: "the members did not get ready in time" })
    return { reaction: { frames: [wire], told: [] }, silent: this.#takeSilent() }
  }

  /** A frame that says who coordinates, for members who have not heard of it for a while. */
  signOfLife(): Uint8Array {
    return this.#session.node.claimCoordinator(this.#session.mls).wire
  }

  /** Nobody may hold the group up for ever. */
  #takeSilent(): readonly number[] {
    this.#failuresInARow += 1
    if (this.#failuresInARow < ATTEMPTS) return []
    this.#failuresInARow = 0
    for (const leafIndex of this.#missing) this.#leaving.add(leafIndex)
    return this.#missing
  }

  /** Removals first: whoever is gone does not get ready for anything else. */
  #next(): Change | undefined {
    const here = this.#session.node.members(this.#session.mls).map(({ leafIndex }) => leafIndex)
    const leafIndexes = here.filter((leafIndex) => this.#leaving.has(leafIndex))
    this.#leaving.clear()
    if (leafIndexes.length > 0) return { kind: "remove", leafIndexes }
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!next.newcomer.isGone()) return { kind: "add", newcomer: next.newcomer, attempts: next.attempts + 1 }
    }
    return undefined
  }

  #begin(): Reaction | undefined {
    const change = this.#next()
    if (change === undefined) return undefined
    const { mls, node } = this.#session
    const id = ++this.#lastId
    try {
      const staged =
        change.kind === "add"
          ? mls.inviteFull(change.newcomer.keyPackage)
          : { commit: mls.removeMembers(change.leafIndexes) }
      const welcome = "welcome" in staged ? { welcome: staged.welcome } : {}
      const isAlone = node.members(mls).length === 1
      this.#pending = { change, id, ...welcome }
      this.#missing = []
      if (isAlone) return { frames: [], told: [] }
      const { wire } = node.sendControl(mls, 0, ControlOpcode.PrepareTransition, id, 0, staged.commit)
      return { frames: [wire], told: [] }
    } catch (error) {
      if (!(error instanceof StackError)) throw error
      mls.clearPendingCommit()
      this.#pending = undefined
      if (change.kind === "add") change.newcomer.settled({ refused: error.message })
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
      if (!(error instanceof StackError) || error.code !== "members_not_ready") throw error
      this.#missing = error.missing.map(({ leafIndex }) => leafIndex)
      return undefined
    }
    mls.finalizeCommit()
    node.applyTransition(id)
    this.#pending = undefined
    this.#failuresInARow = 0
    const newcomer = node.members(mls).find(({ leafIndex }) => !before.has(leafIndex))
    if (change.kind === "add" && welcome !== undefined && newcomer !== undefined) {
      change.newcomer.settled({ welcome, transitionId: id, leafIndex: newcomer.leafIndex })
    }
    const because = `transition ${id}`
    const told: Told = { event: "members", epoch: mls.epoch, members: this.#session.people(), because }
    return { frames: [wire], told: [told] }
  }
}
