import { isCoordinatorClaim } from "@qpc/gbp"
import type { ControlMessage } from "@qpc/gbp"
import { equalBytes } from "@qpc/wire"
import { ControlOpcode } from "./control-opcode.ts"
import { complain } from "./control-plane.ts"
import type { ArrivedControl, Beginning, ControlPlane, ControlTimeouts, NodeSurroundings } from "./control-plane.ts"
import { Coordinator } from "./coordinator.ts"
import type { MemberIds } from "./member-ids.ts"
import type { MlsMember } from "./mls-member.ts"
import { isProcessed } from "./pending-transition.ts"
import type { Pending } from "./pending-transition.ts"
import { StackError } from "./stack-error.ts"
import { judgeDigest } from "./state-digest.ts"

/** What is stored of the control plane. */
export interface ControlMemory {
  readonly lastTransitionId: number
  readonly coordinatorId: number | undefined
  /** The highest transition that was given up here, or 0. */
  readonly abandonedId: number
  readonly pending: Pending | undefined
}

/**
 * The control plane of profile 2, which checks what the application does by hand: the coordinator alone prepares, executes and
 * aborts; nothing is executed before everybody is ready; what is aborted is forgotten by MLS too.
 *
 * Newcomers are not waited for: they hold a Welcome, and nothing of theirs can be opened before the commit took effect.
 */
export class CheckedControl implements ControlPlane {
  readonly #node: NodeSurroundings
  readonly #ids: MemberIds
  readonly #timeouts: ControlTimeouts
  readonly #coordinator: Coordinator
  #pending: Pending | undefined
  /** The highest transition that was given up here: late READYs for it may not count for another. */
  #abandonedId = 0

  constructor(node: NodeSurroundings, ids: MemberIds, timeouts: ControlTimeouts) {
    this.#node = node
    this.#ids = ids
    this.#timeouts = timeouts
    this.#coordinator = new Coordinator(node, timeouts.coordinatorGraceMs)
  }

  get lastTransitionId(): number {
    return this.#ids.lastTransitionId
  }

  get pendingTransitionId(): number {
    return this.#pending?.transitionId ?? 0
  }

  get isCoordinator(): boolean {
    return this.#coordinator.isOwn
  }

  /** What is to be stored. */
  get memory(): ControlMemory {
    const { lastTransitionId } = this
    return {
      lastTransitionId,
      coordinatorId: this.#coordinator.id,
      abandonedId: this.#abandonedId,
      pending: this.#pending,
    }
  }

  /** Goes on from where a stored node was. What was under way has its whole time again: how long nobody ran is not known. */
  restore({ lastTransitionId, coordinatorId, abandonedId, pending }: ControlMemory): void {
    this.#ids.lastTransitionId = Math.max(lastTransitionId, this.lastTransitionId)
    this.#abandonedId = Math.max(abandonedId, this.#abandonedId)
    if (coordinatorId !== undefined) this.#coordinator.begin(coordinatorId)
    if (pending === undefined || pending.transitionId <= this.lastTransitionId) return
    const { prepareMs, executeMs } = this.#timeouts
    const isWaiting = pending.at === "coordinating" ? !pending.isOver : !pending.isExecuted
    const dueMs = this.#node.nowMs() + (pending.at === "coordinating" ? prepareMs : executeMs)
    this.#pending = { ...pending, dueMs: isWaiting ? dueMs : undefined }
  }

  begin(beginning: Beginning): void {
    // What a stored node knew goes before how it is begun again: somebody else may have the creator's place by now.
    this.#coordinator.begin(this.#coordinator.id ?? (beginning.as === "creator" ? this.#node.ownId : undefined))
    if (beginning.as === "creator") return
    const transitionId = beginning.expectedTransitionId
    // A stored transition is over for whoever is let in by a later one.
    if (transitionId <= Math.max(this.lastTransitionId, this.pendingTransitionId)) return
    const dueMs = this.#node.nowMs() + this.#timeouts.executeMs
    this.#pending = { at: "following", transitionId, prepared: undefined, isExecuted: false, dueMs }
  }

  check(member: MlsMember, { opcode, transitionId, args }: ControlMessage): void {
    switch (opcode) {
      case ControlOpcode.PrepareTransition:
        return this.#checkPrepare(member, transitionId, args)
      case ControlOpcode.ReadyForTransition:
        return this.#checkReady(member, transitionId)
      case ControlOpcode.ExecuteTransition:
        return this.#checkExecute(member, transitionId)
      case ControlOpcode.AbortTransition:
        this.#coordinator.assertOwn()
        return this.#assertPending(transitionId)
      case ControlOpcode.CapabilitiesAdvertise:
        return isCoordinatorClaim(args) ? this.assertMayClaim() : undefined
      default:
    }
  }

  sent(member: MlsMember, { opcode, transitionId, args }: ControlMessage): void {
    const nowMs = this.#node.nowMs()
    const pending = this.#pending
    switch (opcode) {
      case ControlOpcode.PrepareTransition:
        if (pending?.at !== "coordinating") this.#coordinate(member, transitionId, member.hash(args))
        return
      case ControlOpcode.ReadyForTransition:
        if (pending?.at === "following") this.#pending = { ...pending, dueMs: nowMs + this.#timeouts.executeMs }
        return
      case ControlOpcode.ExecuteTransition:
        return this.#execute(transitionId)
      case ControlOpcode.AbortTransition:
        return this.#abandon(member)
      case ControlOpcode.CapabilitiesAdvertise:
        if (isCoordinatorClaim(args)) this.#claim(member)
        return
      default:
    }
  }

  received(member: MlsMember, { message, memberId, leafIndex }: ArrivedControl): boolean {
    const { opcode, transitionId, args } = message
    switch (opcode) {
      case ControlOpcode.PrepareTransition:
        return this.#receivePrepare(member, memberId, message)
      case ControlOpcode.ReadyForTransition:
        return leafIndex !== undefined && this.#receiveReady(leafIndex, transitionId)
      case ControlOpcode.ExecuteTransition:
        return this.#receiveExecute(member, memberId, transitionId)
      case ControlOpcode.AbortTransition:
        return this.#receiveAbort(member, memberId, transitionId)
      case ControlOpcode.CapabilitiesAdvertise:
        return !isCoordinatorClaim(args) || this.#receiveClaim(member, memberId)
      case ControlOpcode.GroupStateDigestResponse:
        return this.#receiveDigest(member, args)
      default:
        return true
    }
  }

  apply(transitionId: number): void {
    if (transitionId === this.lastTransitionId) return
    const pending = this.#pending
    const isDue = pending?.at === "following" && pending.isExecuted && pending.transitionId === transitionId
    if (transitionId < this.lastTransitionId || (pending !== undefined && !isDue)) {
      throw wrongTransition(`transition ${transitionId} is not one that was executed`)
    }
    this.#execute(transitionId)
    this.#node.become("active")
  }

  assertMayClaim(): void {
    this.#coordinator.assertMayClaim()
  }

  checkTimeouts(nowMs: number): void {
    const pending = this.#pending
    if (pending?.dueMs !== undefined && nowMs >= pending.dueMs) this.#isLate(pending)
    this.#coordinator.checkTimeouts(nowMs)
  }

  #isLate(pending: Pending): void {
    const { transitionId } = pending
    this.#pending =
      pending.at === "following" ? { ...pending, dueMs: undefined } : { ...pending, isOver: true, dueMs: undefined }
    if (pending.at === "following")
      complain(this.#node, "EXECUTE_TIMEOUT", `transition ${transitionId} was not executed`)
    else complain(this.#node, "PREPARE_TIMEOUT", `not everybody is ready for transition ${transitionId}: abort it`)
  }

  #checkPrepare(member: MlsMember, transitionId: number, commit: Uint8Array): void {
    this.#coordinator.assertOwn()
    const pending = this.#pending
    if (transitionId <= this.lastTransitionId) throw wrongTransition(`transition ${transitionId} is over`)
    if (pending !== undefined && pending.transitionId !== transitionId) {
      throw wrongTransition(`transition ${pending.transitionId} is under way: execute or abort it first`)
    }
    if (transitionId <= this.#abandonedId) {
      throw wrongTransition(`transition ${this.#abandonedId} was aborted: prepare under a higher id`)
    }
    if (pending?.at === "coordinating" && !equalBytes(pending.commitHash, member.hash(commit))) {
      throw wrongTransition(`transition ${transitionId} was prepared with another commit: abort it first`)
    }
    if (!member.isOwnPending(commit)) {
      throw wrongTransition("the arguments of PREPARE are the commit that this MLS context has staged, and no other")
    }
  }

  #checkReady(member: MlsMember, transitionId: number): void {
    this.#assertPending(transitionId)
    const pending = this.#pending
    if (pending?.at !== "following") throw wrongTransition("the coordinator is ready by preparing")
    if (!isProcessed(member, pending)) {
      throw wrongTransition("give the arguments of PREPARE to processMessage() before you are ready")
    }
  }

  #checkExecute(member: MlsMember, transitionId: number): void {
    this.#coordinator.assertOwn()
    const pending = this.#pending
    if (pending === undefined) return this.#checkUnprepared(member, transitionId)
    this.#assertPending(transitionId)
    if (pending.at !== "coordinating" || pending.isOver) throw wrongTransition("its time is over: abort it")
    if (member.hasReceived) throw wrongTransition("somebody else's commit is staged beside what was prepared: abort it")
    const missing = pending.expected
      .filter((leafIndex) => !pending.ready.has(leafIndex) && member.member(leafIndex) !== undefined)
      .map((leafIndex) => ({ leafIndex, memberId: this.#ids.memberIdOf(leafIndex) }))
    if (missing.length === 0) return
    const names = missing.map(({ leafIndex, memberId }) =>
      memberId === undefined ? `leaf ${leafIndex}` : `${memberId}`,
    )
    throw new StackError("members_not_ready", `not ready: ${names.join(", ")}; wait, or abort`, { missing })
  }

  /** Nobody has to be asked where nobody else was there before. */
  #checkUnprepared(member: MlsMember, transitionId: number): void {
    if (transitionId <= this.lastTransitionId) throw wrongTransition(`transition ${transitionId} is over`)
    const { staged, ownMerge } = member
    const askedNobody = staged === undefined ? ownMerge?.stayed === 0 : member.stayedBeside(staged).length === 0
    if (!askedNobody) throw wrongTransition("prepare the transition first: there are members who have to be ready")
  }

  #assertPending(transitionId: number): void {
    if (this.#pending?.transitionId === transitionId) return
    const due = this.#pending === undefined ? "none is under way" : `${this.#pending.transitionId} is under way`
    throw wrongTransition(`transition ${transitionId} is not due: ${due}`)
  }

  #coordinate(member: MlsMember, transitionId: number, commitHash: Uint8Array): void {
    const { staged } = member
    if (staged === undefined) throw new Error("unreachable: PREPARE was checked to carry the staged commit")
    const expected = member.stayedBeside(staged)
    const dueMs = this.#node.nowMs() + this.#timeouts.prepareMs
    this.#pending = { at: "coordinating", transitionId, commitHash, expected, ready: new Set(), isOver: false, dueMs }
  }

  #execute(transitionId: number): void {
    this.#pending = undefined
    this.#ids.lastTransitionId = transitionId
    this.#node.applied(transitionId)
  }

  #claim(member: MlsMember): void {
    const isTaken = !this.#coordinator.isOwn
    this.#coordinator.claimed()
    if (isTaken) this.#abandonOfFormer(member)
  }

  #receiveClaim(member: MlsMember, memberId: number): boolean {
    const formerId = this.#coordinator.id
    if (!this.#coordinator.receiveClaim(memberId)) return false
    if (formerId !== memberId) this.#abandonOfFormer(member)
    return true
  }

  /**
   * What a coordinator prepared is nobody's once another has its place: nobody may execute it any more, and the new one may not know
   * of it, so no ABORT would come. What is executed already stays, and so does the transition that let us in: its epoch is ours.
   */
  #abandonOfFormer(member: MlsMember): void {
    const pending = this.#pending
    const isDone = pending?.at === "following" && (pending.isExecuted || pending.prepared === undefined)
    if (pending === undefined || isDone) return
    this.#abandon(member)
    this.#node.emit({ kind: "transition_abandoned", transitionId: pending.transitionId })
  }

  /** What was staged for the transition under way is forgotten with it. */
  #abandon(member: MlsMember): void {
    member.clear()
    this.#abandonedId = Math.max(this.#abandonedId, this.pendingTransitionId)
    this.#pending = undefined
  }

  #receivePrepare(member: MlsMember, memberId: number, { transitionId, args }: ControlMessage): boolean {
    if (!this.#coordinator.speaks(memberId)) return false
    const pending = this.#pending
    const isFree = pending === undefined || (pending.at === "following" && pending.transitionId === transitionId)
    if (transitionId <= this.lastTransitionId || !isFree) return this.#mismatch(`PREPARE of transition ${transitionId}`)
    const dueMs = this.#node.nowMs() + this.#timeouts.executeMs
    const prepared = { commitHash: member.hash(args), mlsEpoch: member.epoch }
    this.#pending = { at: "following", transitionId, prepared, isExecuted: false, dueMs }
    return true
  }

  #receiveReady(leafIndex: number, transitionId: number): boolean {
    const pending = this.#pending
    // READY may be for everybody: whoever does not coordinate has nothing to count.
    if (!this.#coordinator.isOwn) return true
    if (pending?.at !== "coordinating" || pending.transitionId !== transitionId) {
      return this.#mismatch(`READY for transition ${transitionId}`)
    }
    this.#pending = { ...pending, ready: new Set([...pending.ready, leafIndex]) }
    return true
  }

  #receiveExecute(member: MlsMember, memberId: number, transitionId: number): boolean {
    if (!this.#coordinator.speaks(memberId)) return false
    const pending = this.#pending
    if (pending?.at !== "following" || pending.transitionId !== transitionId) {
      if (transitionId > this.lastTransitionId) this.#node.become("resyncing")
      return this.#mismatch(`EXECUTE of transition ${transitionId}`)
    }
    if (!isProcessed(member, pending)) {
      this.#pending = { ...pending, isExecuted: true, dueMs: undefined }
      this.#node.become("resyncing")
      const remedy = "give its commit to processMessage(), then finalizeCommit() and applyTransition()"
      return this.#mismatch(`transition ${transitionId} was executed before its commit was processed here: ${remedy}`)
    }
    this.#execute(transitionId)
    return true
  }

  #receiveAbort(member: MlsMember, memberId: number, transitionId: number): boolean {
    if (!this.#coordinator.speaks(memberId)) return false
    const pending = this.#pending
    if (pending?.at !== "following" || pending.transitionId !== transitionId) {
      return this.#mismatch(`ABORT of transition ${transitionId}`)
    }
    this.#abandon(member)
    return true
  }

  /** Who resynchronises is where the others are once their digest says so. One member alone may lie: nothing ends the node. */
  #receiveDigest(member: MlsMember, args: Uint8Array): boolean {
    const verdict = judgeDigest(member, this.#ids, args)
    if (verdict.kind !== "same") {
      const { error, remedy } = DIGEST_REFUSALS[verdict.kind]
      complain(this.#node, error, remedy)
      return false
    }
    if (this.#node.state !== "resyncing" || verdict.lastTransitionId < this.lastTransitionId) return true
    this.#pending = undefined
    this.#ids.lastTransitionId = verdict.lastTransitionId
    this.#node.become("active")
    return true
  }

  #mismatch(what: string): boolean {
    const { lastTransitionId, pendingTransitionId } = this
    const reason = `${what}; last ${lastTransitionId}, under way ${pendingTransitionId}`
    complain(this.#node, "TRANSITION_MISMATCH", reason)
    return false
  }
}

function wrongTransition(message: string): StackError {
  return new StackError("wrong_transition", message)
}

const DIGEST_REFUSALS = {
  malformed: { error: "STREAM_POLICY_VIOLATION", remedy: "not a digest" },
  other_epoch: {
    error: "EPOCH_MISMATCH",
    remedy: "the digest is of another epoch: process the commits in between, or join again",
  },
  ids_unknown: { error: "DIGEST_MISMATCH", remedy: "not everybody's member id is known here: bindMember() first" },
  other_members: {
    error: "DIGEST_MISMATCH",
    remedy: "the digest is of other members: ask somebody else, or join again",
  },
} as const
