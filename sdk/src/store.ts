import { compareBytes, concatBytes } from "@qpc/wire"

/** What a store is divided into. Keys sort as bytes within a collection. */
export const COLLECTIONS = [
  /** Identity, session, cursor: key = a name in UTF-8. */
  "settings",
  /** Pinned usernames: key = username in UTF-8. */
  "contacts",
  /** Member states in one piece, as profiles of the first format have them: key = group id. Emptied when they are opened. */
  "members",
  /** Members, in records: key = group id ‖ record key in ASCII. A message changes a few of them. */
  "group_records",
  /** History: key = group id ‖ position. */
  "messages",
  /** What is to be deleted, and when: key = profile time in ms ‖ group id ‖ position of a message. */
  "expiring",
  /** Which messages were shown: key = group id ‖ sender ‖ mid, so that none is shown twice. */
  "seen",
  /** Where an own message stands in the history: key = message id. */
  "sent",
  /** What the network has not accepted yet: key = position. */
  "outbox",
  /** Envelopes of groups we have not joined yet: key = group id ‖ inbox sequence number. */
  "parked",
  /** What was refused, and why: key = position. */
  "notices",
  /** Private halves of our key packages: key = reference. */
  "key_packages",
  /** Pinned server keys: key = address in UTF-8. */
  "known_servers",
] as const

/** The name of a part of the store. */
export type Collection = (typeof COLLECTIONS)[number]

/** One write. Bytes are borrowed for the call. */
export type Change =
  | { readonly kind: "put"; readonly collection: Collection; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: "delete"; readonly collection: Collection; readonly key: Uint8Array }

/** One stored value; owned by the reader. */
export interface Row {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Which rows to list. */
export interface RowRange {
  /** Only keys that begin so. Default: all. */
  readonly prefix?: Uint8Array
  /** Only keys behind this one. */
  readonly after?: Uint8Array
  /** Only keys before this one. */
  readonly before?: Uint8Array
  /** At most so many rows. Default 1000. */
  readonly limit?: number
  /** From the last key to the first. Default false. */
  readonly descending?: boolean
}

/**
 * The client's memory: ordered keys and values in collections, encrypted by the implementation.
 *
 * - {@link commit} is the only write: all of its changes are durable when it resolves, or none ever will be. A process
 *   may be killed at any point between.
 * - One process at a time. Whoever opened a store may believe what it read until its own next commit.
 * - A failed commit leaves the store as it was, except after `store_io`: then nobody knows, and every later call fails
 *   with `store_closed` until the store is opened again.
 * - Whoever restores an older copy of a store brings back message keys that were used since. The MLS layer's reuse guard
 *   (RFC 9420 §6.3.1) keeps that from repeating a nonce, but the group will refuse the old state's commits: a copy is a
 *   backup of history, not of membership.
 *
 * Every method rejects with a `ClientError` whose code begins with `store_`.
 */
export interface Store extends AsyncDisposable {
  get(collection: Collection, key: Uint8Array): Promise<Uint8Array | undefined>
  list(collection: Collection, range?: RowRange): Promise<readonly Row[]>
  commit(changes: readonly Change[]): Promise<void>
  /** Idempotent. */
  close(): Promise<void>
}

/** Rows listed where a range names no limit of its own. */
export const DEFAULT_LIST_ROWS = 1000

/** A put, written shorter. */
export const put = (collection: Collection, key: Uint8Array, value: Uint8Array): Change => ({
  kind: "put",
  collection,
  key,
  value,
})

/** A delete, written shorter. */
export const remove = (collection: Collection, key: Uint8Array): Change => ({ kind: "delete", collection, key })

/** Keys are short, so that one value can stand behind all of them. */
const MAX_KEY_BYTES = 512

/** @throws RangeError for an empty key and for one longer than {@link MAX_KEY_BYTES} */
export function checkKey(key: Uint8Array): void {
  if (key.length === 0 || key.length > MAX_KEY_BYTES) throw new RangeError(`a key of ${key.length} bytes`)
}

/** A range as its first key and the first key behind it: what an ordered index wants to be asked. */
export function keyBounds(range: RowRange): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const prefix = range.prefix ?? new Uint8Array()
  let from = prefix
  let to = behindPrefix(prefix)
  // The first key behind `after` is `after` and one zero byte.
  if (range.after !== undefined && compareBytes(range.after, from) >= 0)
    from = concatBytes(range.after, Uint8Array.of(0))
  if (range.before !== undefined && compareBytes(range.before, to) < 0) to = range.before
  return { from, to }
}

/** The first key that does not begin with `prefix` and sorts behind all that do. */
function behindPrefix(prefix: Uint8Array): Uint8Array {
  const last = prefix.findLastIndex((byte) => byte !== 0xff)
  if (last === -1) return new Uint8Array(MAX_KEY_BYTES + 1).fill(0xff)
  const bound = prefix.slice(0, last + 1)
  bound[last]! += 1
  return bound
}
