import type { CipherSuite } from "@qpc/crypto"
import { decodeWhole, DecodeError, readList, readOptional, recordKey } from "@qpc/wire"
import type { Reader, RecordReader, StateRecord, Writer } from "@qpc/wire"
import { readLeafNode } from "./leaf-node.ts"
import { readParentNode } from "./parent-node.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { changedNodes } from "./tree-diff.ts"
import { fullWidth, isLeaf, leafToNode, nodeWidth } from "./tree-math.ts"
import { findNode } from "./tree-node.ts"

const TREE = "tree"

/** The key of a tree node's record. Its value is the node as it is hashed; blank nodes have none. */
export function treeKey(nodeIndex: number): string {
  return recordKey(TREE, nodeIndex)
}

/** True for records that the tree hash proves. */
export function isTreeKey(key: string): boolean {
  return key.startsWith(`${TREE}/`)
}

/** The value of a tree node's record, `undefined` where the node is blank. */
export function treeValue(tree: RatchetTree, nodeIndex: number): Uint8Array | undefined {
  return findNode(tree.root, nodeIndex)?.value?.encoded.slice()
}

/** All nodes of a tree that are not blank. */
export function* treeRecords(tree: RatchetTree): Generator<StateRecord> {
  for (const { nodeIndex, after } of changedNodes(undefined, tree.root)) {
    yield { key: treeKey(nodeIndex), value: after!.encoded.slice() }
  }
}

/**
 * Reads what {@link treeRecords} wrote. Copies. Whether it is the right tree, its hash tells.
 *
 * @throws DecodeError `too_large` above the limit of leaves, `bad_value` for a tree without nodes
 */
export function readTreeRecords(records: RecordReader, suite: CipherSuite, leavesLimit: number): RatchetTree {
  const nodes = new Map<number, Uint8Array>()
  for (const { parts, value } of records.takeAll(TREE)) {
    const [nodeIndex] = parts
    if (typeof nodeIndex !== "number" || parts.length !== 1) throw new DecodeError("bad_value", 0)
    nodes.set(nodeIndex, value)
  }
  return buildTree(suite, leavesLimit, inOneBuffer(nodes))
}

/** Writes in what a tree differs from another: a list of node index u32 · optional node<V>. */
export function writeTreeDifference(writer: Writer, from: RatchetTree, to: RatchetTree): void {
  writer.list([...changedNodes(from.root, to.root)], (inner, { nodeIndex, after }) => {
    inner.uint32(nodeIndex).optional(after, (item, node) => item.vector(node.encoded))
  })
}

/** Reads what {@link writeTreeDifference} wrote. Copies. @throws DecodeError */
export function readTreeDifference(reader: Reader, from: RatchetTree): RatchetTree {
  const start = reader.offset
  const nodes = new Map<number, Uint8Array>()
  for (const { nodeIndex, after } of changedNodes(undefined, from.root)) nodes.set(nodeIndex, after!.encoded)
  let previous = -1
  readList(reader, (inner) => {
    const nodeIndex = inner.uint32()
    if (nodeIndex <= previous) throw new DecodeError("bad_value", start)
    previous = nodeIndex
    const node = readOptional(inner, (item) => item.vector().slice())
    if (node === undefined) nodes.delete(nodeIndex)
    else nodes.set(nodeIndex, node)
  })
  return buildTree(from.suite, from.leavesLimit, nodes)
}

/** @param nodes - Encoded; owned by the tree from now on. */
function buildTree(suite: CipherSuite, leavesLimit: number, nodes: ReadonlyMap<number, Uint8Array>): RatchetTree {
  let last = -1
  for (const nodeIndex of nodes.keys()) last = Math.max(last, nodeIndex)
  if (last < 0) throw new DecodeError("bad_value", 0)
  if (last >= nodeWidth(fullWidth(leavesLimit))) throw new DecodeError("too_large", 0)
  const leafAt = (leafIndex: number) => {
    const node = nodes.get(leafToNode(leafIndex))
    return node && decodeWhole(node, readLeafNode)
  }
  const parentAt = (nodeIndex: number) => {
    const node = isLeaf(nodeIndex) ? undefined : nodes.get(nodeIndex)
    return node && decodeWhole(node, readParentNode)
  }
  return RatchetTree.build(suite, Math.floor(last / 2) + 1, { leafAt, parentAt }, leavesLimit)
}

/** Copies the nodes into one piece of memory: ten thousand small ones cost more than what is in them. */
function inOneBuffer(nodes: ReadonlyMap<number, Uint8Array>): Map<number, Uint8Array> {
  let lengthBytes = 0
  for (const node of nodes.values()) lengthBytes += node.length
  const buffer = new Uint8Array(lengthBytes)
  const copies = new Map<number, Uint8Array>()
  let at = 0
  for (const [nodeIndex, node] of nodes) {
    buffer.set(node, at)
    copies.set(nodeIndex, buffer.subarray(at, at + node.length))
    at += node.length
  }
  return copies
}
