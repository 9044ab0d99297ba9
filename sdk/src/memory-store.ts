import { compareBytes, fromHex, toHex } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import { checkKey, COLLECTIONS, DEFAULT_LIST_ROWS } from "./store.ts"
import type { Change, Collection, Row, RowRange, Store } from "./store.ts"

/** What a memory store holds; lives on when the store is closed, as a disk would. */
export interface MemoryDisk {
  readonly collections: ReadonlyMap<Collection, Map<string, Uint8Array>>
}

/** An empty disk for {@link MemoryStore}. */
export function newMemoryDisk(): MemoryDisk {
  return { collections: new Map(COLLECTIONS.map((name) => [name, new Map<string, Uint8Array>()])) }
}

/** A store for tests and demonstrations: it keeps the contract but nothing survives the process. */
export class MemoryStore implements Store {
  readonly #disk: MemoryDisk
  #isOpen = true

  /** @param disk - Pass the disk of an earlier store to open it again. */
  constructor(disk: MemoryDisk = newMemoryDisk()) {
    this.#disk = disk
  }

  async get(collection: Collection, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#rows(collection).get(toHex(key))?.slice()
  }

  async list(collection: Collection, range: RowRange = {}): Promise<readonly Row[]> {
    const prefix = toHex(range.prefix ?? new Uint8Array())
    const rows = [...this.#rows(collection)]
      .filter(([hex]) => hex.startsWith(prefix))
      .map(([hex, value]): Row => ({ key: fromHex(hex), value: value.slice() }))
      .filter(({ key }) => range.after === undefined || compareBytes(key, range.after) > 0)
      .filter(({ key }) => range.before === undefined || compareBytes(key, range.before) < 0)
      .toSorted((a, b) => compareBytes(a.key, b.key))
    if (range.descending === true) rows.reverse()
    return rows.slice(0, range.limit ?? DEFAULT_LIST_ROWS)
  }

  async commit(changes: readonly Change[]): Promise<void> {
    for (const { key } of changes) checkKey(key)
    // Look everything up before the first write: a closed store must not take half of a commit.
    const writes = changes.map((change) => ({ change, rows: this.#rows(change.collection) }))
    for (const { change, rows } of writes) {
      if (change.kind === "put") rows.set(toHex(change.key), change.value.slice())
      else rows.delete(toHex(change.key))
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #rows(collection: Collection): Map<string, Uint8Array> {
    if (!this.#isOpen) {
      throw new ClientError("store_closed", "the store is closed", { nextStep: "Open the profile again." })
    }
    const rows = this.#disk.collections.get(collection)
    if (rows === undefined) throw new RangeError(`no such collection: ${collection}`)
    return rows
  }
}
