import { equalBytes } from "@qpc/wire"

/** Children of a fork in the trie: one for each half byte. */
const FORK_WIDTH = 16
/** A list of holders up to this length is searched; a longer one becomes a fork. */
const BUCKET_LIMIT = 4

/** Holders whose keys have the same beginning; each key once. Never written. */
type Bucket<T> = readonly Entry<T>[]

/** Where the next half byte of the key decides. Never written. */
class Fork<T> {
  readonly children: readonly (Fork<T> | Bucket<T>)[]

  constructor(children: readonly (Fork<T> | Bucket<T>)[]) {
    this.children = children
  }
}

/** A key that occurs more than once. Only a tree that nobody validated has one. */
class Repeated<T> {
  readonly holder: T
  readonly count: number

  constructor(holder: T, count: number) {
    this.holder = holder
    this.count = count
  }
}

type Entry<T> = T | Repeated<T>

/** How a set finds the keys of what it holds. */
export interface KeyAccess<T> {
  /** The key that counts. Equal for equal bytes only. */
  keyOf(this: void, holder: T): Uint8Array
  /**
   * What orders a key: the key itself, or a hash of it. Bounds the depth of the set, so it must be short; different keys must
   * differ in it unless nobody can make two that do not.
   */
  pathOf(this: void, key: Uint8Array): Uint8Array
}

/**
 * Counts how often keys occur (RFC 9420 §7.3: unique encryption and signature keys). Does not change: `with` and `without`
 * make another set that shares nearly all with this one, so that forks of a tree cost nothing.
 *
 * It holds whoever has the key, not the key: keys as strings would take more memory than the members themselves. Members
 * choose their keys, so no hash table: keys that begin alike cost a path of their own length and no more.
 */
export class KeySet<T extends object> {
  readonly #access: KeyAccess<T>
  readonly #root: Fork<T> | Bucket<T>
  /** How many keys occur more than once. */
  readonly repeatedCount: number

  private constructor(access: KeyAccess<T>, root: Fork<T> | Bucket<T>, repeatedCount: number) {
    this.#access = access
    this.#root = root
    this.repeatedCount = repeatedCount
  }

  static empty<T extends object>(access: KeyAccess<T>): KeySet<T> {
    return new KeySet(access, [], 0)
  }

  /** How often the key occurs. */
  count(key: Uint8Array): number {
    const path = this.#access.pathOf(key)
    let at = this.#root
    for (let depth = 0; at instanceof Fork; depth++) at = at.children[halfByte(path, depth)]!
    const found = at[findEntry(this.#access, at, key)]
    return found === undefined ? 0 : countOf(found)
  }

  has(key: Uint8Array): boolean {
    return this.count(key) > 0
  }

  /** The set with one more holder. Keeps it. */
  with(holder: T): KeySet<T> {
    const count = this.count(this.#access.keyOf(holder))
    return this.#changed(holder, count + 1, count === 1 ? 1 : 0)
  }

  /** The set with one holder less of this key, which may be another than was added. */
  without(holder: T): KeySet<T> {
    const count = this.count(this.#access.keyOf(holder))
    if (count === 0) throw new Error("unreachable: a key is removed that was never added")
    return this.#changed(holder, count - 1, count === 2 ? -1 : 0)
  }

  #changed(holder: T, count: number, repeatedChange: number): KeySet<T> {
    const key = this.#access.keyOf(holder)
    const change = { holder, count, key, path: this.#access.pathOf(key) }
    return new KeySet(this.#access, rewritten(this.#access, this.#root, 0, change), this.repeatedCount + repeatedChange)
  }
}

interface Change<T> {
  readonly holder: T
  /** How often its key occurs from now on. */
  readonly count: number
  readonly key: Uint8Array
  readonly path: Uint8Array
}

function rewritten<T extends object>(
  access: KeyAccess<T>,
  node: Fork<T> | Bucket<T>,
  depth: number,
  change: Change<T>,
): Fork<T> | Bucket<T> {
  if (!(node instanceof Fork)) return rewrittenBucket(access, node, depth, change)
  const at = halfByte(change.path, depth)
  return new Fork(node.children.with(at, rewritten(access, node.children[at]!, depth + 1, change)))
}

function rewrittenBucket<T extends object>(
  access: KeyAccess<T>,
  bucket: Bucket<T>,
  depth: number,
  { holder, count, key, path }: Change<T>,
): Fork<T> | Bucket<T> {
  const at = findEntry(access, bucket, key)
  if (count === 0) return bucket.toSpliced(at, 1)
  const entry = count === 1 ? holder : new Repeated(holder, count)
  if (at >= 0) return bucket.with(at, entry)
  const grown = [...bucket, entry]
  return grown.length <= BUCKET_LIMIT || depth >= 2 * path.length ? grown : split(access, grown, depth)
}

function split<T extends object>({ keyOf, pathOf }: KeyAccess<T>, bucket: Bucket<T>, depth: number): Fork<T> {
  const children = Array.from({ length: FORK_WIDTH }, (): Entry<T>[] => [])
  for (const entry of bucket) children[halfByte(pathOf(keyOf(holderOf(entry))), depth)]!.push(entry)
  return new Fork(children)
}

function findEntry<T extends object>({ keyOf }: KeyAccess<T>, bucket: Bucket<T>, key: Uint8Array): number {
  return bucket.findIndex((entry) => equalBytes(keyOf(holderOf(entry)), key))
}

function holderOf<T extends object>(entry: Entry<T>): T {
  return entry instanceof Repeated ? entry.holder : entry
}

function countOf<T extends object>(entry: Entry<T>): number {
  return entry instanceof Repeated ? entry.count : 1
}

/** Past the end of a short path everything is 0: keys of different lengths may share a bucket. */
function halfByte(path: Uint8Array, depth: number): number {
  const byte = path[depth >>> 1] ?? 0
  return (depth & 1) === 0 ? byte >>> 4 : byte & 0xf
}
