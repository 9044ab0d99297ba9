import type { Batch, BatchOutcome, StockedKeyPackage, StoredEnvelope } from "./storage.ts"

/** A key package in a stock, taken ones included. */
export interface Stocked {
  readonly data: Uint8Array
  readonly hash: string
  readonly suiteId: number
  readonly expiresAtMs: number
  taken: boolean
}

/** What belongs to one key; see `MemoryStorage`. */
export interface Inbox {
  newestSeq: number
  commitsLeftOut: number
  envelopes: (StoredEnvelope & { readonly expiresAtMs: number })[]
  stock: Stocked[]
  /** By cipher suite. */
  lastResorts: Map<number, StockedKeyPackage & { uses: number }>
  remembered: Map<string, { readonly batch: Batch; outcome: BatchOutcome }>
}

/** As an account or a device begins with. */
export function emptyInbox(): Inbox {
  return {
    newestSeq: 0,
    commitsLeftOut: 0,
    envelopes: [],
    stock: [],
    lastResorts: new Map(),
    remembered: new Map(),
  }
}

const copyOfStocked = (stocked: Stocked): Stocked => ({ ...stocked })

/** One that changes by itself. What is in it is never changed in place. */
export function copyOf(inbox: Inbox): Inbox {
  const { envelopes, stock, lastResorts, remembered } = inbox
  return {
    ...inbox,
    envelopes: [...envelopes],
    stock: stock.map(copyOfStocked),
    lastResorts: new Map(Array.from(lastResorts, ([suiteId, lastResort]) => [suiteId, { ...lastResort }])),
    remembered: new Map([...remembered].map(([id, one]) => [id, { ...one }])),
  }
}
