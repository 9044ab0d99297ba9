import { fromHex, toGroupId, toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { ClientLimits } from "./api.ts"

type ParkedLimits = Pick<ClientLimits, "parkedPerGroup" | "parkedGroups" | "parkedBytes">

/** How many envelopes wait for groups that we are not in; the envelopes themselves stay on disk. */
export class ParkedIndex {
  readonly #limits: ParkedLimits
  readonly #counts = new Map<string, number>()

  #bytes = 0

  constructor(limits: ParkedLimits) {
    this.#limits = limits
  }

  /** Whether one more, of `sizeBytes`, may wait for this group. */
  hasRoom(groupId: GroupId, sizeBytes: number): boolean {
    if (this.#bytes + sizeBytes > this.#limits.parkedBytes) return false
    const count = this.#counts.get(toHex(groupId))
    return count === undefined ? this.#counts.size < this.#limits.parkedGroups : count < this.#limits.parkedPerGroup
  }

  has(groupId: GroupId): boolean {
    return this.#counts.has(toHex(groupId))
  }

  /** Those that something waits for. */
  groups(): readonly GroupId[] {
    return Array.from(this.#counts.keys(), (name) => toGroupId(fromHex(name)))
  }

  add(groupId: GroupId, sizeBytes: number): void {
    this.#bytes += sizeBytes
    const name = toHex(groupId)
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  drop(groupId: GroupId, sizeBytes: number): void {
    this.#bytes -= sizeBytes
    const name = toHex(groupId)
    const left = (this.#counts.get(name) ?? 0) - 1
    if (left > 0) this.#counts.set(name, left)
    else this.#counts.delete(name)
  }
}
