import { toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { ClientLimits } from "./api.ts"

/** How many envelopes wait for groups that we are not in; the envelopes themselves stay on disk. */
export class ParkedIndex {
  readonly #limits: Pick<ClientLimits, "parkedPerGroup" | "parkedGroups">
  readonly #counts = new Map<string, number>()

  constructor(limits: Pick<ClientLimits, "parkedPerGroup" | "parkedGroups">) {
    this.#limits = limits
  }

  /** Whether one more may wait for this group. */
  hasRoom(groupId: GroupId): boolean {
    const count = this.#counts.get(toHex(groupId))
    return count === undefined ? this.#counts.size < this.#limits.parkedGroups : count < this.#limits.parkedPerGroup
  }

  has(groupId: GroupId): boolean {
    return this.#counts.has(toHex(groupId))
  }

  add(groupId: GroupId): void {
    const name = toHex(groupId)
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  drop(groupId: GroupId): void {
    const name = toHex(groupId)
    const left = (this.#counts.get(name) ?? 0) - 1
    if (left > 0) this.#counts.set(name, left)
    else this.#counts.delete(name)
  }
}
