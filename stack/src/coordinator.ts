import { complain } from "./control-plane.ts"
import type { NodeSurroundings } from "./control-plane.ts"
import { StackError } from "./stack-error.ts"

/**
 * Who the coordinator is, as one member sees it: the creator at first; for newcomers, whoever speaks as one first; later, whoever
 * claims to be after it was silent for the grace. Of two who claim within one grace, the lower member id stays.
 */
export class Coordinator {
  readonly #node: NodeSurroundings
  readonly #graceMs: number
  #id: number | undefined
  #heardMs = 0
  /** True once it was told that the coordinator is silent. */
  #isMissed = false
  /** When the present one claimed, if it did. */
  #claimedMs: number | undefined

  constructor(node: NodeSurroundings, graceMs: number) {
    this.#node = node
    this.#graceMs = graceMs
  }

  /** Who it is, as far as is known. */
  get id(): number | undefined {
    return this.#id
  }

  get isOwn(): boolean {
    return this.#id === this.#node.ownId
  }

  /** @param id - `undefined` where nobody is known yet */
  begin(id: number | undefined): void {
    this.#id = id
    this.#heard()
  }

  /** @throws StackError `not_coordinator` */
  assertOwn(): void {
    if (this.isOwn) return
    const whose = this.#id === undefined ? "nobody is known to be" : `member ${this.#id} is`
    throw new StackError(
      "not_coordinator",
      `only the coordinator may do that, and ${whose}: claimCoordinator() when it is gone`,
    )
  }

  /** @throws StackError `coordinator_is_active` */
  assertMayClaim(): void {
    if (this.isOwn || this.#isSilent()) return
    const message = `the coordinator was heard of less than ${this.#graceMs} ms ago: it has to be silent for that long`
    throw new StackError("coordinator_is_active", message)
  }

  /** We have claimed the role. */
  claimed(): void {
    if (!this.isOwn) this.#take(this.#node.ownId)
    this.#heard()
  }

  /** True if this member may speak as coordinator; who is not known yet becomes it by speaking. */
  speaks(memberId: number): boolean {
    if (this.#id !== undefined && this.#id !== memberId) {
      complain(this.#node, "STREAM_POLICY_VIOLATION", `member ${memberId} is not the coordinator`)
      return false
    }
    this.#id = memberId
    this.#heard()
    return true
  }

  /** True if the claim of this member counts. */
  receiveClaim(memberId: number): boolean {
    const isFree = this.#id === undefined || this.#id === memberId || this.#isSilent()
    if (!isFree && !this.#losesTo(memberId)) {
      complain(this.#node, "STREAM_POLICY_VIOLATION", `member ${memberId} claims to be coordinator while there is one`)
      return false
    }
    if (this.#id !== memberId) this.#take(memberId)
    this.#heard()
    this.#node.emit({ kind: "coordinator_claim", claimant: memberId })
    return true
  }

  checkTimeouts(nowMs: number): void {
    if (this.isOwn || this.#id === undefined || this.#isMissed || nowMs - this.#heardMs < this.#graceMs) return
    this.#isMissed = true
    complain(this.#node, "COORDINATOR_GONE", `nothing was heard of the coordinator for ${this.#graceMs} ms`)
    this.#node.emit({ kind: "coordinator_election_needed" })
  }

  #isSilent(): boolean {
    return !this.isOwn && this.#node.nowMs() - this.#heardMs >= this.#graceMs
  }

  /** Both claimed, at about the same time. */
  #losesTo(memberId: number): boolean {
    const isNew = this.#claimedMs !== undefined && this.#node.nowMs() - this.#claimedMs < this.#graceMs
    return isNew && this.#id !== undefined && memberId < this.#id
  }

  #take(memberId: number): void {
    this.#id = memberId
    this.#claimedMs = this.#node.nowMs()
    if (this.isOwn) this.#node.emit({ kind: "became_coordinator" })
  }

  #heard(): void {
    this.#heardMs = this.#node.nowMs()
    this.#isMissed = false
  }
}
