import type { StateChanges } from "../record-log.ts"
import type { StateRecord } from "../state-record.ts"

/** What one round of storing wrote: how many records, and the bytes of their keys and values. */
export interface Written {
  readonly puts: number
  readonly putBytes: number
  readonly deletes: number
}

/** A store of the records of one state in memory, which counts. For tests of whatever is stored in records. */
export class RecordStore {
  readonly #records = new Map<string, Uint8Array>()
  /** What the last round wrote. */
  last: Written = { puts: 0, putBytes: 0, deletes: 0 }

  /** Takes what a state owes and stores it, unless the disk is said to be full. */
  write(state: { takeChanges(): StateChanges }, isFull = false): Written {
    const { isWhole, changes, stored } = state.takeChanges()
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
    this.last = written
    return written
  }

  records(): StateRecord[] {
    return Array.from(this.#records, ([key, value]) => ({ key, value }))
  }
}
