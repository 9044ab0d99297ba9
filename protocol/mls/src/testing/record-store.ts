import type { StateRecord } from "@qpc/wire"
import type { Group } from "../group.ts"

/** What one round of storing wrote: how many records, and the bytes of their keys and values. */
export interface Written {
  readonly puts: number
  readonly putBytes: number
  readonly deletes: number
}

/** A store of one group's records in memory, which counts. For tests. */
export class RecordStore {
  readonly #records = new Map<string, Uint8Array>()

  /** Takes the changes of a group and stores them, unless the disk is said to be full. */
  write(group: Group, isFull = false): Written {
    const { isWhole, changes, stored } = group.takeChanges()
    const written = { puts: 0, putBytes: 0, deletes: 0 }
    if (isFull) return written
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
    return written
  }

  records(): StateRecord[] {
    return Array.from(this.#records, ([key, value]) => ({ key, value }))
  }
}
