import { toHex } from "@qpc/wire"
import type { GroupId, DeviceKey } from "@qpc/wire"

/** What follows a group's name in that of its second lane: messages that most have, and that wait for room for the rest. */
const HELD = "/held"

/** What an index has to know of a row. */
interface RowToAdd {
  /** Given where it waits for room in these inboxes. */
  readonly missing?: readonly DeviceKey[] | undefined
  /** True for one by which members help each other to missing texts. */
  readonly isControl?: boolean
}

/**
 * Which rows the outbox has, lane by lane and in order; the rows themselves stay on disk. A group has one lane for what nobody
 * has yet, and one for what only those still miss whose inboxes are full: they must not hold up the others.
 */
export class OutboxIndex {
  readonly #rowsByLane = new Map<string, number[]>()
  /** Who has no room, by row that waits for it. */
  readonly #missing = new Map<number, readonly string[]>()
  /** Rows by which members help each other to missing texts. */
  readonly #controls = new Set<number>()
  readonly #onAdded: () => void
  #count = 0
  #heldCount = 0

  /** @param onAdded - Called when there is something new to send. Must not throw. */
  constructor(onAdded: () => void) {
    this.#onAdded = onAdded
  }

  /** Rows that nobody has yet. */
  get count(): number {
    return this.#count
  }

  /** Rows that wait for room in somebody's inbox. */
  get heldCount(): number {
    return this.#heldCount
  }

  /** Lanes with something to send, the longest waiting first. */
  lanes(): readonly string[] {
    return [...this.#rowsByLane].toSorted(([, a], [, b]) => a[0]! - b[0]!).map(([name]) => name)
  }

  /** Groups with something that nobody has yet. */
  get unsentGroupCount(): number {
    return [...this.#rowsByLane.keys()].filter((lane) => !lane.endsWith(HELD)).length
  }

  head(lane: string): number | undefined {
    return this.#rowsByLane.get(lane)?.[0]
  }

  /**
   * The next row of a lane that somebody outside `full` still misses: an inbox that nobody empties holds up nobody else's, and
   * whoever misses several gets them in order.
   */
  behind(lane: string, position: number, full: ReadonlySet<string>): number | undefined {
    const rows = this.#rowsByLane.get(lane) ?? []
    return rows.find((row) => row > position && this.#missing.get(row)?.some((name) => !full.has(name)) === true)
  }

  /** Who has no room for a row that waits for it, in hexadecimal. */
  missing(position: number): readonly string[] {
    return this.#missing.get(position) ?? []
  }

  /** All rows of a group. */
  rows(groupId: GroupId): readonly number[] {
    const name = toHex(groupId)
    return [name, name + HELD].flatMap((lane) => this.#rowsByLane.get(lane) ?? [])
  }

  /** Rows of a group by which members help each other to missing texts. */
  controlCount(groupId: GroupId): number {
    return this.rows(groupId).filter((row) => this.#controls.has(row)).length
  }

  /** True if something waits for room in the inbox of a member of this group. */
  isHolding(groupId: GroupId): boolean {
    return this.#rowsByLane.has(toHex(groupId) + HELD)
  }

  /** Behind all others of its lane. */
  add(groupId: GroupId, position: number, { missing, isControl = false }: RowToAdd = {}): void {
    const isHeld = missing !== undefined
    if (isControl) this.#controls.add(position)
    if (isHeld) this.#missing.set(position, missing.map(toHex))
    const lane = toHex(groupId) + (isHeld ? HELD : "")
    const rows = this.#rowsByLane.get(lane)
    if (rows === undefined) this.#rowsByLane.set(lane, [position])
    else rows.push(position)
    if (isHeld) this.#heldCount += 1
    else this.#count += 1
    this.#onAdded()
  }

  /** From the lane of what nobody has into that of what waits for room, if it is not there already. */
  hold(groupId: GroupId, position: number, missing: readonly DeviceKey[]): void {
    if (this.#missing.has(position)) {
      this.#missing.set(position, missing.map(toHex))
      return
    }
    this.drop(groupId, position)
    this.add(groupId, position, { missing })
  }

  drop(groupId: GroupId, position: number): void {
    this.#missing.delete(position)
    this.#controls.delete(position)
    for (const isHeld of [false, true]) {
      const lane = toHex(groupId) + (isHeld ? HELD : "")
      const rows = this.#rowsByLane.get(lane)
      const at = rows?.indexOf(position) ?? -1
      if (rows === undefined || at === -1) continue
      rows.splice(at, 1)
      if (isHeld) this.#heldCount -= 1
      else this.#count -= 1
      if (rows.length === 0) this.#rowsByLane.delete(lane)
    }
  }
}
