import type { CipherSuite } from "@qpc/crypto"
import { decodeWhole, DecodeError, encode, Reader, readOptional } from "@qpc/wire"
import type { Writer } from "@qpc/wire"
import { readLeafNode } from "./leaf-node.ts"
import type { LeafNode } from "./leaf-node.ts"
import { readParentNode } from "./parent-node.ts"
import type { ParentNode } from "./parent-node.ts"
import { LEAVES_LIMIT, RatchetTree } from "./ratchet-tree.ts"
import { fullWidth, isLeaf, leafToNode, nodeWidth } from "./tree-math.ts"
import type { TreeNode } from "./tree-node.ts"

type Node =
  | { readonly kind: "leaf"; readonly leafNode: LeafNode }
  | { readonly kind: "parent"; readonly parentNode: ParentNode }

/**
 * Reads `optional<Node> ratchet_tree<V>` (RFC 9420 §12.4.3.3). The tree keeps a copy of its own.
 *
 * @param leavesLimit - The widest tree to hold in memory; found before anything is built.
 * @throws DecodeError `too_large` above the limit, `bad_value` for a tree that is empty, ends blank or has a leaf where a
 *   parent must be
 */
export function readRatchetTree(reader: Reader, suite: CipherSuite, leavesLimit: number = LEAVES_LIMIT): RatchetTree {
  const start = reader.offset
  const nodesLimit = nodeWidth(fullWidth(leavesLimit))
  // Members outlive the message; their fields are views into this copy.
  const bytes = reader.vector().slice()
  const nodes = readNodes(bytes, nodesLimit, start)
  if (nodes.at(-1) === undefined) throw new DecodeError("bad_value", start)
  const leafAt = (leafIndex: number): LeafNode | undefined => {
    const node = nodes[leafToNode(leafIndex)]
    return node?.kind === "leaf" ? node.leafNode : undefined
  }
  const parentAt = (nodeIndex: number): ParentNode | undefined => {
    const node = nodes[nodeIndex]
    return node?.kind === "parent" ? node.parentNode : undefined
  }
  const leafCount = Math.floor(nodes.length / 2) + 1
  return RatchetTree.build(suite, leafCount, { leafAt, parentAt }, leavesLimit)
}

/** Reads a ratchet tree that fills `bytes`. @throws DecodeError as {@link readRatchetTree} */
export function decodeRatchetTree(
  bytes: Uint8Array,
  suite: CipherSuite,
  leavesLimit: number = LEAVES_LIMIT,
): RatchetTree {
  return decodeWhole(bytes, (reader) => readRatchetTree(reader, suite, leavesLimit))
}

/** Writes `optional<Node> ratchet_tree<V>`, in order and without trailing blanks (RFC 9420 §12.4.3.3). */
function writeRatchetTree(writer: Writer, tree: RatchetTree): void {
  const nodes: TreeNode[] = []
  collectInOrder(tree.root, nodes)
  while (nodes.at(-1)?.value === undefined) nodes.pop()
  writer.list(nodes, writeNode)
}

/** The bytes of a ratchet tree. */
export function encodeRatchetTree(tree: RatchetTree): Uint8Array {
  return encode((writer) => writeRatchetTree(writer, tree))
}

function readNodes(bytes: Uint8Array, nodesLimit: number, start: number): (Node | undefined)[] {
  const reader = new Reader(bytes)
  const nodes: (Node | undefined)[] = []
  while (reader.remainingBytes > 0) {
    if (nodes.length === nodesLimit) throw new DecodeError("too_large", start)
    const node = readOptional(reader, readNode)
    if (node !== undefined && (node.kind === "leaf") !== isLeaf(nodes.length)) throw new DecodeError("bad_value", start)
    nodes.push(node)
  }
  return nodes
}

/** Node (RFC 9420 §12.4.3.3). */
function readNode(reader: Reader): Node {
  const start = reader.offset
  switch (reader.uint8()) {
    case 1:
      return { kind: "leaf", leafNode: readLeafNode(reader) }
    case 2:
      return { kind: "parent", parentNode: readParentNode(reader) }
    default:
      throw new DecodeError("reserved_value", start)
  }
}

function writeNode(writer: Writer, node: TreeNode): void {
  if (node.value === undefined) writer.uint8(0)
  else
    writer
      .uint8(1)
      .uint8(node.kind === "leaf" ? 1 : 2)
      .bytes(node.value.encoded)
}

function collectInOrder(node: TreeNode, into: TreeNode[]): void {
  if (node.kind === "branch") collectInOrder(node.left, into)
  into.push(node)
  if (node.kind === "branch") collectInOrder(node.right, into)
}
