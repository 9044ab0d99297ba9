import type { CipherSuite } from "@qpc/crypto"
import { DecodeError, Reader, readList, readOptional, recordKey } from "@qpc/wire"
import type { RecordReader, StateRecord, Writer } from "@qpc/wire"
import { RatchetTree } from "./ratchet-tree.ts"
import { changedNodes } from "./tree-diff.ts"
import { findNode } from "./tree-node.ts"
import type { TreeNode } from "./tree-node.ts"

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
  return restoreTree(suite, inOneBuffer(nodes), leavesLimit)
}

/** Writes the nodes of a tree that are not blank: a list of node index u32 · node<V>, in the order of their indices. */
export function writeTree(writer: Writer, { root }: RatchetTree): void {
  writer.list([root], writeSubtree)
}

function writeSubtree(writer: Writer, node: TreeNode): void {
  if (node.kind === "branch") writeSubtree(writer, node.left)
  if (node.value !== undefined) writer.uint32(node.nodeIndex).vector(node.value.encoded)
  if (node.kind === "branch") writeSubtree(writer, node.right)
}

/** Reads what {@link writeTree} wrote. Copies. Whether it is the right tree has to be known. @throws DecodeError */
export function readTree(reader: Reader, suite: CipherSuite, leavesLimit: number): RatchetTree {
  const inner = new Reader(reader.vector().slice())
  const nodes = new Map<number, Uint8Array>()
  while (inner.remainingBytes > 0) nodes.set(inner.uint32(), inner.vector())
  return restoreTree(suite, nodes, leavesLimit)
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
  return restoreTree(from.suite, nodes, from.leavesLimit)
}

function restoreTree(suite: CipherSuite, nodes: ReadonlyMap<number, Uint8Array>, leavesLimit: number): RatchetTree {
  if (nodes.size === 0) throw new DecodeError("bad_value", 0)
  return RatchetTree.restore(suite, nodes, leavesLimit)
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
