import type { CipherSuite } from "@qpc/crypto"
import { decodeWhole, DecodeError } from "@qpc/wire"
import type { RecordKeyPart, RecordReader } from "@qpc/wire"
import { Ratchet } from "./ratchet.ts"
import type { MessageKey } from "./ratchet.ts"
import { SecretTree } from "./secret-tree.ts"
import type { LeafRatchets, RatchetKind, SecretTreeParts } from "./secret-tree.ts"
import { leafToNode, parentOf, rootOf } from "./tree-math.ts"

interface StoredTree {
  readonly nodes: Map<number, Uint8Array>
  readonly heads: { readonly leafIndex: number; readonly kind: RatchetKind; readonly value: Uint8Array }[]
  /** By leaf and kind, in the order of their generations. */
  readonly skipped: Map<string, MessageKey[]>
}

/**
 * The secret trees of all epochs on their way back from their records: gathered once, then taken epoch by epoch.
 */
export class StoredSecretTrees {
  readonly #suite: CipherSuite
  readonly #byEpoch = new Map<bigint, StoredTree>()

  /** Copies. @throws DecodeError for a record that no tree wrote */
  constructor(suite: CipherSuite, records: RecordReader) {
    this.#suite = suite
    for (const { parts, value } of records.takeAll("secret")) this.#addNode(parts, value)
    for (const { parts, value } of records.takeAll("ratchet")) this.#addHead(parts, value)
    for (const { parts, value } of records.takeAll("skipped")) this.#addSkipped(parts, value)
  }

  /** The tree of an epoch. @throws DecodeError if its parts do not make one */
  take(epoch: bigint, leafWidth: number, isRetired: boolean): SecretTree {
    const { nodes, heads, skipped } = this.#of(epoch)
    this.#byEpoch.delete(epoch)
    const ratchets = new Map<number, LeafRatchets>()
    for (const { leafIndex, kind, value } of heads) {
      const name = `${leafIndex} ${kind}`
      const ratchet = this.#ratchet(value, skipped.get(name) ?? [])
      skipped.delete(name)
      const known: Partial<LeafRatchets> = ratchets.get(leafIndex) ?? {}
      // The application ratchet comes first and is never missing.
      const application = known.application ?? (kind === "application" ? ratchet : fail())
      ratchets.set(leafIndex, { application, handshake: kind === "handshake" ? ratchet : known.handshake })
    }
    if (skipped.size > 0) fail()
    return restoreSecretTree(this.#suite, { leafWidth, nodes, ratchets, isRetired })
  }

  /** Call it last. @throws DecodeError if there is a tree of an epoch that nobody took */
  end(): void {
    if (this.#byEpoch.size > 0) fail()
  }

  #addNode([epoch, nodeIndex, ...more]: readonly RecordKeyPart[], value: Uint8Array): void {
    if (typeof epoch !== "bigint" || typeof nodeIndex !== "number" || more.length > 0) fail()
    this.#of(epoch).nodes.set(nodeIndex, value.slice())
  }

  #addHead([epoch, leafIndex, kind, ...more]: readonly RecordKeyPart[], value: Uint8Array): void {
    if (typeof epoch !== "bigint" || typeof leafIndex !== "number" || !isKind(kind) || more.length > 0) fail()
    this.#of(epoch).heads.push({ leafIndex, kind, value })
  }

  #addSkipped([epoch, leafIndex, kind, generation, ...more]: readonly RecordKeyPart[], value: Uint8Array): void {
    if (typeof epoch !== "bigint" || typeof leafIndex !== "number" || !isKind(kind) || more.length > 0) fail()
    if (typeof generation !== "number") fail()
    const { aeadKeyBytes, aeadNonceBytes } = this.#suite.sizes
    const { skipped } = this.#of(epoch)
    const name = `${leafIndex} ${kind}`
    const keys = skipped.get(name) ?? []
    keys.push(
      decodeWhole(value, (reader) => ({
        generation,
        key: reader.bytes(aeadKeyBytes).slice(),
        nonce: reader.bytes(aeadNonceBytes).slice(),
      })),
    )
    skipped.set(name, keys)
  }

  #ratchet(value: Uint8Array, skipped: readonly MessageKey[]): Ratchet {
    const { secret, next } = decodeWhole(value, (reader) => ({
      secret: reader.bytes(this.#suite.sizes.hashBytes).slice(),
      next: reader.uint32(),
    }))
    if (skipped.some(({ generation }) => generation >= next)) fail()
    return new Ratchet(this.#suite, secret, next, skipped)
  }

  #of(epoch: bigint): StoredTree {
    const known = this.#byEpoch.get(epoch) ?? { nodes: new Map(), heads: [], skipped: new Map() }
    this.#byEpoch.set(epoch, known)
    return known
  }
}

/**
 * A secret tree of parts that were stored. Takes ownership.
 *
 * @throws DecodeError unless secrets and ratchets are inside the tree, of the suite's length, and no secret is above another
 *   or above a ratchet: a key that was used could be derived from it again
 */
export function restoreSecretTree(suite: CipherSuite, parts: SecretTreeParts): SecretTree {
  const { leafWidth, nodes, ratchets, isRetired } = parts
  const root = rootOf(leafWidth)
  const assertUncovered = (nodeIndex: number): void => {
    if (nodeIndex > 2 * root) fail()
    for (let at = parentOf(nodeIndex, leafWidth); at !== undefined; at = parentOf(at, leafWidth)) {
      if (nodes.has(at)) fail()
    }
  }
  for (const [nodeIndex, secret] of nodes) {
    if (secret.length !== suite.sizes.hashBytes) fail()
    assertUncovered(nodeIndex)
  }
  for (const [leafIndex, { handshake }] of ratchets) {
    if ((handshake === undefined) !== isRetired || nodes.has(leafToNode(leafIndex))) fail()
    assertUncovered(leafToNode(leafIndex))
  }
  return SecretTree.restore(suite, parts)
}

function isKind(part: RecordKeyPart | undefined): part is RatchetKind {
  return part === "handshake" || part === "application"
}

function fail(): never {
  throw new DecodeError("bad_value", 0)
}
