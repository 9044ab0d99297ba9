import { isCoordinatorClaim } from "@qpc/gbp"
import type { ControlMessage } from "@qpc/gbp"
import { ControlOpcode } from "./control-opcode.ts"
import { complain } from "./control-plane.ts"
import type { ArrivedControl, Beginning, ControlPlane, ControlTimeouts, NodeSurroundings } from "./control-plane.ts"

/** A transition that somebody prepared. */
interface Pending {
  readonly transitionId: number
  /** Who did; `undefined` where it was us, or our Welcome. */
  readonly senderId: number | undefined
}

/**
 * The control plane of profile 1, step by step as the published stack takes it, for talking to it: anybody may prepare, execute and
 * abort, and nobody counts who is ready. Only what could not be told apart from an attack is left out: nothing that arrives ends the
 * node or makes it resynchronise.
 */
export class PublishedControl implements ControlPlane {
  readonly #node: NodeSurroundings
  readonly #timeouts: ControlTimeouts
  #lastTransitionId = 0
  #pending: Pending | undefined
  #prepareDueMs: number | undefined
  #executeDueMs: number | undefined
  #coordinatorHeardMs: number | undefined
  #isCoordinator = false

  constructor(node: NodeSurroundings, timeouts: ControlTimeouts) {
    this.#node = node
    this.#timeouts = timeouts
  }

  get lastTransitionId(): number {
    return this.#lastTransitionId
  }

  get pendingTransitionId(): number {
    return this.#pending?.transitionId ?? 0
  }

  get isCoordinator(): boolean {
    return this.#isCoordinator
  }

  begin(beginning: Beginning): void {
    if (beginning.as === "creator" || beginning.expectedTransitionId === 0) return
    this.#pending = { transitionId: beginning.expectedTransitionId, senderId: undefined }
  }

  check(): void {
    // The published stack sends whatever it is asked to.
  }

  sent(_member: unknown, { opcode, transitionId, args }: ControlMessage): void {
    const nowMs = this.#node.nowMs()
    switch (opcode) {
      case ControlOpcode.PrepareTransition:
        this.#pending = { transitionId, senderId: this.#pending?.senderId }
        this.#prepareDueMs = nowMs + this.#timeouts.prepareMs
        this.#executeDueMs = undefined
        return
      case ControlOpcode.ReadyForTransition:
        this.#executeDueMs = nowMs + this.#timeouts.executeMs
        return
      case ControlOpcode.ExecuteTransition:
        this.#clearTimers()
        return
      case ControlOpcode.AbortTransition:
        this.#clearTimers()
        this.#pending = undefined
        return
      case ControlOpcode.CapabilitiesAdvertise:
        if (isCoordinatorClaim(args)) this.#claimed(nowMs)
        return
      default:
    }
  }

  received(_member: unknown, { message, memberId }: ArrivedControl): boolean {
    if (!this.#isDue(message)) return false
    const { opcode, transitionId, args } = message
    switch (opcode) {
      case ControlOpcode.PrepareTransition:
        this.#receivePrepare(memberId, transitionId)
        return true
      case ControlOpcode.ReadyForTransition:
        this.#prepareDueMs = undefined
        return true
      case ControlOpcode.ExecuteTransition:
        this.#clearTimers()
        this.apply(transitionId)
        this.#coordinatorHeardMs = this.#node.nowMs()
        return true
      case ControlOpcode.AbortTransition:
        this.#clearTimers()
        this.#pending = undefined
        return true
      case ControlOpcode.CapabilitiesAdvertise:
        if (isCoordinatorClaim(args)) this.#receiveClaim(memberId)
        return true
      default:
        return true
    }
  }

  apply(transitionId: number): void {
    this.#lastTransitionId = transitionId
    this.#pending = undefined
    this.#node.applied(transitionId)
  }

  assertMayClaim(): void {
    // Anybody may, at any time.
  }

  checkTimeouts(nowMs: number): void {
    if (this.#prepareDueMs !== undefined && nowMs >= this.#prepareDueMs) {
      this.#clearTimers()
      this.#pending = undefined
      complain(this.#node, "PREPARE_TIMEOUT", "nobody is ready")
    }
    if (this.#executeDueMs !== undefined && nowMs >= this.#executeDueMs) {
      this.#executeDueMs = undefined
      complain(this.#node, "EXECUTE_TIMEOUT", "the transition was not executed")
    }
    const heardMs = this.#coordinatorHeardMs
    if (heardMs === undefined || nowMs - heardMs < this.#timeouts.coordinatorGraceMs) return
    this.#coordinatorHeardMs = undefined
    this.#isCoordinator = false
    complain(this.#node, "COORDINATOR_GONE", "nothing was heard of the coordinator")
    this.#node.emit({ kind: "coordinator_election_needed" })
  }

  #isDue({ opcode, transitionId }: ControlMessage): boolean {
    const [last, pending] = [this.#lastTransitionId, this.pendingTransitionId]
    const isPrepare = opcode === ControlOpcode.PrepareTransition
    const isStep = isPrepare || STEPS.has(opcode)
    const isDue = isPrepare
      ? transitionId > last && (pending === 0 || pending === transitionId)
      : !isStep || (pending !== 0 && transitionId === pending)
    if (!isDue) {
      const reason = `opcode ${opcode} of transition ${transitionId}; last ${last}, under way ${pending}`
      complain(this.#node, "TRANSITION_MISMATCH", reason)
    }
    return isDue
  }

  /** Of two who prepare the same transition, the lower member id wins. */
  #receivePrepare(memberId: number, transitionId: number): void {
    const pending = this.#pending
    const isBeaten = pending?.transitionId === transitionId && memberId >= (pending.senderId ?? Infinity)
    if (isBeaten) return
    const nowMs = this.#node.nowMs()
    this.#pending = { transitionId, senderId: memberId }
    this.#coordinatorHeardMs = nowMs
    this.#executeDueMs = nowMs + this.#timeouts.executeMs
  }

  #receiveClaim(memberId: number): void {
    this.#coordinatorHeardMs = this.#node.nowMs()
    if (memberId < this.#node.ownId) this.#isCoordinator = false
    this.#node.emit({ kind: "coordinator_claim", claimant: memberId })
  }

  #claimed(nowMs: number): void {
    this.#isCoordinator = true
    this.#coordinatorHeardMs = nowMs
    this.#node.emit({ kind: "became_coordinator" })
  }

  #clearTimers(): void {
    this.#prepareDueMs = undefined
    this.#executeDueMs = undefined
  }
}

/** What has to name the transition that is under way. */
const STEPS: ReadonlySet<number> = new Set([
  ControlOpcode.ReadyForTransition,
  ControlOpcode.ExecuteTransition,
  ControlOpcode.AbortTransition,
])
