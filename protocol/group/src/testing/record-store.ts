import type { StateRecord } from "@qpc/wire"
import type { Member } from "../member.ts"

/** What one round of storing wrote: how many records, and the bytes of their keys and values. */
export interface Written {
  readonly puts: number
  readonly putBytes: number
  readonly deletes: number
}

/** A store of one member's records in memory, which counts. For tests. */
export class RecordStore {
  readonly #records = new Map<string, Uint8Array>()
  /** What the last round wrote. */
  last: Written = { puts: 0, putBytes: 0, deletes: 0 }

  /** Takes the changes of a member and stores them, unless the disk is said to be full. */
  write(member: Member, isFull = false): void {
    const { isWhole, changes, stored } = member.takeChanges()
    if (isFull) return
    const written = { puts: 0, putBytes: 0, deletes: 0 }
    if (isWhole) this.#records.clear()
    for (const { key, value } of changes) {
      if (value === undefined) {
        this.#records.delete(key)
        written.deletes++
      } else {
        this.#records.set(key, value)
        written.puts++
        written.putBytes += key.length + value.length
      }
    }
    stored()
    this.last = written
  }

  records(): StateRecord[] {
    return Array.from(this.#records, ([key, value]) => ({ key, value }))
  }
}
