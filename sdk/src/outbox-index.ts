import { toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"

/** Which rows the outbox has, group by group and in order; the rows themselves stay on disk. */
export class OutboxIndex {
  readonly #rowsByGroup = new Map<string, number[]>()
  readonly #onAdded: () => void
  #count = 0

  /** @param onAdded - Called when there is something new to send. Must not throw. */
  constructor(onAdded: () => void) {
    this.#onAdded = onAdded
  }

  get count(): number {
    return this.#count
  }

  /** Groups with something to send, the longest waiting first. */
  groups(): readonly string[] {
    return [...this.#rowsByGroup].toSorted(([, a], [, b]) => a[0]! - b[0]!).map(([name]) => name)
  }

  /** @param group - The group id in hexadecimal. */
  head(group: string): number | undefined {
    return this.#rowsByGroup.get(group)?.[0]
  }

  rows(groupId: GroupId): readonly number[] {
    return [...(this.#rowsByGroup.get(toHex(groupId)) ?? [])]
  }

  /** Behind all others. */
  add(groupId: GroupId, position: number): void {
    const name = toHex(groupId)
    const rows = this.#rowsByGroup.get(name)
    if (rows === undefined) this.#rowsByGroup.set(name, [position])
    else rows.push(position)
    this.#count += 1
    this.#onAdded()
  }

  drop(groupId: GroupId, position: number): void {
    const name = toHex(groupId)
    const rows = this.#rowsByGroup.get(name)
    const at = rows?.indexOf(position) ?? -1
    if (rows === undefined || at === -1) return
    rows.splice(at, 1)
    this.#count -= 1
    if (rows.length === 0) this.#rowsByGroup.delete(name)
  }
}
