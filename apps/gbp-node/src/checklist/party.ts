import { GapClient, GroupNode, GspClient, GtpClient, MlsContext, RoleRegistry } from "gbp-stack"
import type { GroupNodeOptions } from "gbp-stack"
import type { Clock } from "./carrier.ts"

/** One member of a scenario: keys, node and clients. */
export class Party implements Disposable {
  readonly name: string
  readonly memberId: number
  readonly mls: MlsContext
  readonly gtp: GtpClient = GtpClient.create()
  readonly gap: GapClient
  readonly roles: RoleRegistry = new RoleRegistry()
  readonly gsp: GspClient = GspClient.create({ roles: this.roles })
  readonly #options: GroupNodeOptions
  #node: GroupNode | undefined

  constructor(name: string, memberId: number, clock: Clock, options: GroupNodeOptions = {}) {
    this.name = name
    this.memberId = memberId
    const now = (): number => clock.nowMs
    this.#options = { ...options, now }
    this.gap = GapClient.create({ now })
    this.mls = MlsContext.create(name, options.profile === "gbp/1" ? {} : { memberId })
  }

  get node(): GroupNode {
    if (this.#node === undefined) throw new Error("unreachable: every party of a scenario is in a group")
    return this.#node
  }

  /** Begins as the founder of the group that `mls` is in. */
  found(): void {
    this.#node = GroupNode.create(this.memberId, this.mls.groupId, this.#options)
    this.#node.bootstrapAsCreator(this.mls.epoch)
  }

  /** Enters by a Welcome, which transition `transitionId` led to; 0 for the first members. */
  join(welcome: Uint8Array, transitionId: number): void {
    this.mls.acceptWelcome(welcome)
    this.#node = GroupNode.create(this.memberId, this.mls.groupId, this.#options)
    this.#node.bootstrapAsJoiner(transitionId === 0 ? this.mls.epoch : this.mls.epoch - 1n)
    if (transitionId !== 0) this.#node.applyTransition(transitionId)
  }

  /** Everybody in the group, as this party sees it. */
  members(): number[] {
    return this.node.members(this.mls).flatMap(({ memberId }) => memberId ?? [])
  }

  /** Where somebody is in the tree. */
  leafOf(other: Party): number {
    const found = this.node.members(this.mls).find(({ identity }) => identity === other.name)
    if (found === undefined) throw new Error(`unreachable: ${other.name} is not in the group`)
    return found.leafIndex
  }

  [Symbol.dispose](): void {
    this.#node?.close()
    this.mls.close()
  }
}
