import type { Storage } from "../storage.ts"

/** One promise of the storage contract. */
export interface StorageCase {
  /** What the store does, in the present tense. */
  readonly name: string
  /** Rejects with an AssertionError if the store does something else. @param storage - empty */
  readonly run: (storage: Storage) => Promise<void>
}
