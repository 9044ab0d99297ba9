import type { CipherSuite } from "@qpc/crypto"
import { constantTimeEqual, DecodeError, equalBytes, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import type { RatchetTree } from "./ratchet-tree.ts"
import { isBelow, leafToNode } from "./tree-math.ts"

/**
 * The private halves of the keys that a member knows: of its leaf and of nodes above it (RFC 9420 §4.2).
 *
 * A fork has copies of its own. Every key is zeroed when it is replaced, forgotten or disposed of (RFC 9420 §7.5: outdated
 * key material MUST be deleted), so dispose of the loser when a commit is merged or cleared.
 */
export class TreePrivateState implements Disposable {
  readonly leafIndex: number
  readonly #keys = new Map<number, Uint8Array>()

  /** Takes ownership of `leafPrivateKey`. */
  constructor(leafIndex: number, leafPrivateKey: Uint8Array) {
    this.leafIndex = leafIndex
    this.#keys.set(leafToNode(leafIndex), leafPrivateKey)
  }

  /** Borrowed: zeroed when it is replaced. */
  key(nodeIndex: number): Uint8Array | undefined {
    return this.#keys.get(nodeIndex)
  }

  /** Borrowed: zeroed when it is replaced. */
  get leafKey(): Uint8Array {
    const key = this.#keys.get(leafToNode(this.leafIndex))
    if (key === undefined) throw new Error("unreachable: the key of the own leaf is only ever replaced")
    return key
  }

  /** Sets or replaces a key. Takes ownership. @throws RangeError for a node that is not the own leaf or above it */
  set(nodeIndex: number, privateKey: Uint8Array): void {
    if (!isBelow(this.leafIndex, nodeIndex)) throw new RangeError(`node ${nodeIndex} is not above the own leaf`)
    this.#keys.get(nodeIndex)?.fill(0)
    this.#keys.set(nodeIndex, privateKey)
  }

  /** Deletes the keys of nodes that a change of the tree blanked or cut off. Call it after every commit. */
  forgetBlank(tree: RatchetTree): void {
    for (const [nodeIndex, key] of this.#keys) {
      if (nodeIndex === leafToNode(this.leafIndex) || tree.encryptionKey(nodeIndex) !== undefined) continue
      key.fill(0)
      this.#keys.delete(nodeIndex)
    }
  }

  /** True if each key is the private half of what the tree shows in its place. Costs a scalar multiplication each. */
  matches(suite: CipherSuite, tree: RatchetTree): boolean {
    return [...this.#keys].every(([nodeIndex, privateKey]) => {
      const [shown, ours] = [tree.encryptionKey(nodeIndex), suite.kemPublicKey(privateKey)]
      return shown !== undefined && ours !== undefined && equalBytes(shown, ours)
    })
  }

  /** An independent copy, with bytes of its own. */
  fork(): TreePrivateState {
    const copy = new TreePrivateState(this.leafIndex, this.leafKey.slice())
    // The leaf's comes again, and `set` zeroes the copy that the constructor took.
    for (const [nodeIndex, key] of this.#keys) copy.set(nodeIndex, key.slice())
    return copy
  }

  /** Writes the keys for the member's own state. The writer then holds secrets. */
  write(writer: Writer): void {
    const nodes = [...this.#keys].toSorted(([a], [b]) => a - b)
    writer.uint32(this.leafIndex).list(nodes, (inner, [nodeIndex, key]) => inner.uint32(nodeIndex).vector(key))
  }

  /**
   * Reads what {@link write} wrote. Copies.
   *
   * @throws DecodeError `bad_value` unless nodes increase, are above the leaf and include it
   */
  static read(reader: Reader): TreePrivateState {
    const start = reader.offset
    const leafIndex = reader.uint32()
    const nodes = readList(reader, (inner) => ({ nodeIndex: inner.uint32(), key: inner.vector() }))
    const leafKey = nodes.find((node) => node.nodeIndex === leafToNode(leafIndex))?.key
    const isOrdered = nodes.every((node, at) => at === 0 || node.nodeIndex > nodes[at - 1]!.nodeIndex)
    const isAbove = nodes.every((node) => isBelow(leafIndex, node.nodeIndex))
    if (leafKey === undefined || !isOrdered || !isAbove) throw new DecodeError("bad_value", start)
    const keys = new TreePrivateState(leafIndex, leafKey.slice())
    for (const { nodeIndex, key } of nodes) keys.set(nodeIndex, key.slice())
    return keys
  }

  /**
   * Ends the life of the keys, also where the suite remembers them.
   *
   * @param heir - Whose copies of the same keys stay in use: what the suite remembers of them saves importing them again.
   */
  destroy(suite: CipherSuite, heir?: TreePrivateState): void {
    for (const [nodeIndex, key] of this.#keys) {
      const inherited = heir?.key(nodeIndex)
      if (inherited === undefined || !constantTimeEqual(inherited, key)) suite.forgetPrivateKey?.(key)
    }
    this[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    for (const key of this.#keys.values()) key.fill(0)
    this.#keys.clear()
  }
}
