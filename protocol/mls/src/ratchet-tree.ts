import type { CipherSuite } from "@qpc/crypto"
import { decodeWhole, DecodeError } from "@qpc/wire"
import type { LeafNode } from "./leaf-node.ts"
import { ownedEncoding, StoredLeafNode } from "./leaf-node.ts"
import { MemberIndex } from "./member-index.ts"
import { findInvalidParentHash } from "./parent-hash.ts"
import { makeParentNode, readParentNode } from "./parent-node.ts"
import type { ParentNode } from "./parent-node.ts"
import { nodeHash } from "./tree-hash.ts"
import { fullWidth, leafToNode, nodeWidth } from "./tree-math.ts"
import {
  Branch,
  branchesAbove,
  branchesBelow,
  buildSubtree,
  childBeside,
  findNode,
  leafOf,
  leavesBelow,
  leftmostBlankLeaf,
  resolve,
  rewritePath,
} from "./tree-node.ts"
import type { PathStep, TakenLeaf, TreeNode } from "./tree-node.ts"

/** How many leaves a tree may have unless the caller says otherwise. */
export const LEAVES_LIMIT: number = 2 ** 17

/**
 * The ratchet tree of a group (RFC 9420 §4, §7): the members, and the keys that subsets of them share.
 *
 * A fork is independent and costs next to nothing, so a commit is tried on a fork and the group keeps whichever tree the
 * commit's fate asks for. Hashes of what a change did not touch are remembered across forks.
 *
 * Leaf nodes and parent nodes are kept as they are encoded, and decoded when they are asked for: a member of a large group
 * takes a few hundred bytes. The tree takes ownership of those bytes. Nothing is validated here: decoding and applying changes keep the *shape* right, `validateTree` decides whether to believe the content.
 */
export class RatchetTree {
  readonly suite: CipherSuite
  readonly leavesLimit: number
  #root: TreeNode
  #leafWidth: number
  /** Made when it is first asked for: whoever wakes a group to read a message needs none. */
  #members: MemberIndex | undefined

  private constructor(
    suite: CipherSuite,
    leavesLimit: number,
    root: TreeNode,
    leafWidth: number,
    members?: MemberIndex,
  ) {
    this.suite = suite
    this.leavesLimit = leavesLimit
    this.#root = root
    this.#leafWidth = leafWidth
    this.#members = members
  }

  /** The tree of a new group: its creator alone (RFC 9420 §11). */
  static ofCreator(suite: CipherSuite, leafNode: LeafNode, leavesLimit: number = LEAVES_LIMIT): RatchetTree {
    return RatchetTree.build(suite, 1, { leafAt: () => leafNode, parentAt: () => undefined }, leavesLimit)
  }

  /**
   * A tree of given content.
   *
   * @param leafCount - Leaves up to the last one that is taken; the tree is the smallest full one with room for them.
   */
  static build(
    suite: CipherSuite,
    leafCount: number,
    content: {
      readonly leafAt: (leafIndex: number) => LeafNode | undefined
      readonly parentAt: (nodeIndex: number) => ParentNode | undefined
    },
    leavesLimit: number = LEAVES_LIMIT,
  ): RatchetTree {
    const width = fullWidth(leafCount)
    if (width > fullWidth(leavesLimit)) throw new RangeError(`a tree of ${leafCount} leaves is above the limit`)
    const members = MemberIndex.empty(suite)
    const leafAt = (leafIndex: number): StoredLeafNode | undefined => {
      const leafNode = content.leafAt(leafIndex)
      if (leafNode === undefined) return undefined
      const stored = new StoredLeafNode(leafNode.encoded)
      members.addLeaf(stored, leafNode)
      return stored
    }
    const root = buildSubtree(0, width, leafAt, content.parentAt)
    for (const branch of branchesBelow(root)) if (branch.value !== undefined) members.addParent(branch.value)
    return new RatchetTree(suite, leavesLimit, root, width, members)
  }

  /**
   * A tree as it was kept: its leaves were decoded before, and are not again until somebody asks for them. Takes ownership.
   *
   * @param nodes - Encoded, by node index; at least one.
   * @throws DecodeError `too_large` above the limit, or what a parent that is none throws
   */
  static restore(suite: CipherSuite, nodes: ReadonlyMap<number, Uint8Array>, leavesLimit: number): RatchetTree {
    let last = 0
    for (const nodeIndex of nodes.keys()) last = Math.max(last, nodeIndex)
    const width = fullWidth(Math.floor(last / 2) + 1)
    if (width > fullWidth(leavesLimit)) throw new DecodeError("too_large", 0)
    const leafAt = (leafIndex: number): StoredLeafNode | undefined => {
      const node = nodes.get(leafToNode(leafIndex))
      return node && new StoredLeafNode(node)
    }
    const parentAt = (nodeIndex: number): ParentNode | undefined => {
      const node = nodes.get(nodeIndex)
      return node && decodeWhole(node, readParentNode)
    }
    return new RatchetTree(suite, leavesLimit, buildSubtree(0, width, leafAt, parentAt), width)
  }

  /** An independent tree of the same content. */
  fork(): RatchetTree {
    return new RatchetTree(this.suite, this.leavesLimit, this.#root, this.#leafWidth, this.#index().fork())
  }

  /** Leaves, taken or blank: a power of two. */
  get leafWidth(): number {
    return this.#leafWidth
  }

  /** Nodes, blank ones included. */
  get nodeWidth(): number {
    return nodeWidth(this.#leafWidth)
  }

  get memberCount(): number {
    return this.#root.memberCount
  }

  /** Keys in use and what members support. Read it; only the tree writes. */
  get index(): Omit<MemberIndex, "addLeaf" | "removeLeaf" | "addParent" | "removeParent" | "fork"> {
    return this.#index()
  }

  get root(): TreeNode {
    return this.#root
  }

  /** The member at a leaf, or `undefined` if it is blank or outside of the tree. Decoded anew; borrowed. */
  leaf(leafIndex: number): LeafNode | undefined {
    return leafOf(this.#root, leafIndex)?.decode()
  }

  /** The signature key at a leaf, without decoding the rest of it; `undefined` as for {@link leaf}. Borrowed. */
  signatureKey(leafIndex: number): Uint8Array | undefined {
    return leafOf(this.#root, leafIndex)?.signatureKey
  }

  /** The parent node, or `undefined` if it is blank, a leaf or outside of the tree. */
  parent(nodeIndex: number): ParentNode | undefined {
    const node = findNode(this.#root, nodeIndex)
    return node?.kind === "branch" ? node.value : undefined
  }

  /** The public encryption key of a leaf or parent, or `undefined` if it is blank or outside of the tree. */
  encryptionKey(nodeIndex: number): Uint8Array | undefined {
    return findNode(this.#root, nodeIndex)?.value?.encryptionKey
  }

  /** The members from left to right, each decoded. See {@link leaves} for what needs no decoding. */
  *members(): Generator<{ readonly leafIndex: number; readonly leafNode: LeafNode }> {
    for (const { leafIndex, value } of leavesBelow(this.#root)) yield { leafIndex, leafNode: value.decode() }
  }

  /** The leaves that are taken, from left to right, as they are kept. */
  leaves(): Generator<TakenLeaf> {
    return leavesBelow(this.#root)
  }

  /** Node indices of the resolution (RFC 9420 §4.1.1). @throws RangeError outside of the tree */
  resolution(nodeIndex: number): number[] {
    return resolve(this.#node(nodeIndex)).map((node) => node.nodeIndex)
  }

  /** The tree hash of the root (RFC 9420 §7.8). Borrowed: do not write to it. */
  treeHash(): Uint8Array {
    return nodeHash(this.suite, this.#root)
  }

  /** The tree hash of one node (RFC 9420 §7.8). @throws RangeError outside of the tree */
  nodeHash(nodeIndex: number): Uint8Array {
    return nodeHash(this.suite, this.#node(nodeIndex))
  }

  /** The branches above a leaf that get a key when it commits (RFC 9420 §4.1.2), from the leaf upwards. */
  filteredDirectPath(leafIndex: number): PathStep[] {
    const steps: PathStep[] = []
    for (const branch of branchesAbove(this.#root, this.#leafInside(leafIndex))) {
      const copath = childBeside(branch, leafIndex)
      if (!copath.isEmpty) steps.push({ nodeIndex: branch.nodeIndex, copath })
    }
    return steps
  }

  /** The first parent that is not parent-hash valid (RFC 9420 §7.9.2), or `undefined`. */
  findInvalidParentHash(): number | undefined {
    return findInvalidParentHash(this.suite, this.#root)
  }

  /** True if `count` more members fit below the limit. */
  hasRoomFor(count: number): boolean {
    return this.memberCount + count <= this.leavesLimit
  }

  /**
   * Adds a member at the leftmost blank leaf (RFC 9420 §12.1.1) and returns its leaf index. Parents above it that have
   * a key list it as unmerged.
   *
   * @throws RangeError at the limit; ask {@link hasRoomFor} first
   */
  addLeaf(leafNode: LeafNode): number {
    const leafIndex = this.reserveLeaf()
    this.#replace(leafIndex, leafNode, ({ value }) => {
      return (
        value && makeParentNode(value.encryptionKey, value.parentHash, insertSorted(value.unmergedLeaves, leafIndex))
      )
    })
    return leafIndex
  }

  /**
   * The leftmost blank leaf, for a member who joins by an external commit (RFC 9420 §12.4.2). The tree is extended if it
   * has none (RFC 9420 §7.7).
   *
   * @throws RangeError at the limit; ask {@link hasRoomFor} first
   */
  reserveLeaf(): number {
    if (!this.hasRoomFor(1)) throw new RangeError("the tree has as many members as its limit allows")
    const blank = leftmostBlankLeaf(this.#root, this.#leafWidth)
    if (blank !== undefined) return blank
    const width = this.#leafWidth
    const right = buildSubtree(width, width, nothing, nothing)
    this.#root = new Branch(nodeWidth(width), undefined, this.#root, right)
    this.#leafWidth = 2 * width
    return width
  }

  /** Replaces a member's leaf and blanks the nodes above it (RFC 9420 §12.1.2). @throws RangeError if it is blank */
  updateLeaf(leafIndex: number, leafNode: LeafNode): void {
    this.#assertTaken(leafIndex)
    this.#replace(leafIndex, leafNode, nothing)
  }

  /** Removes a member, blanks the nodes above and truncates the tree (RFC 9420 §12.1.3). @throws RangeError if blank */
  removeLeaf(leafIndex: number): void {
    this.#assertTaken(leafIndex)
    this.#replace(leafIndex, undefined, nothing)
    while (this.#root.kind === "branch" && this.#root.right.memberCount === 0) {
      this.#forgetParents(this.#root)
      this.#root = this.#root.left
      this.#leafWidth /= 2
    }
  }

  /** Replaces a leaf and gives the nodes above it these contents; those not in `parents` become blank (§7.5). */
  setPath(leafIndex: number, leafNode: LeafNode, parents: ReadonlyMap<number, ParentNode>): void {
    this.#leafInside(leafIndex)
    this.#replace(leafIndex, leafNode, ({ nodeIndex }) => parents.get(nodeIndex))
  }

  #replace(
    leafIndex: number,
    leafNode: LeafNode | undefined,
    parentAt: (branch: Branch) => ParentNode | undefined,
  ): void {
    const members = this.#index()
    const previous = leafOf(this.#root, leafIndex)
    if (previous !== undefined) members.removeLeaf(previous)
    const stored = leafNode && new StoredLeafNode(ownedEncoding(leafNode))
    if (stored !== undefined && leafNode !== undefined) members.addLeaf(stored, leafNode)
    this.#root = rewritePath(this.#root, leafIndex, stored, (branch) => {
      const value = parentAt(branch)
      if (branch.value !== undefined) members.removeParent(branch.value)
      if (value !== undefined) members.addParent(value)
      return value
    })
  }

  /** Only a tree that nobody validated has keys above no member; the index must not keep them either. */
  #forgetParents(discarded: Branch): void {
    const members = this.#index()
    for (const branch of branchesBelow(discarded.right)) {
      if (branch.value !== undefined) members.removeParent(branch.value)
    }
    if (discarded.value !== undefined) members.removeParent(discarded.value)
  }

  #index(): MemberIndex {
    if (this.#members !== undefined) return this.#members
    const members = MemberIndex.empty(this.suite)
    for (const { value } of leavesBelow(this.#root)) members.addLeaf(value, value.decode())
    for (const branch of branchesBelow(this.#root)) if (branch.value !== undefined) members.addParent(branch.value)
    this.#members = members
    return members
  }

  #node(nodeIndex: number): TreeNode {
    const node = findNode(this.#root, nodeIndex)
    if (node === undefined) throw new RangeError(`no node ${nodeIndex} in a tree of ${this.nodeWidth} nodes`)
    return node
  }

  #leafInside(leafIndex: number): number {
    if (leafIndex < 0 || leafIndex >= this.#leafWidth) throw new RangeError(`no leaf ${leafIndex} in the tree`)
    return leafIndex
  }

  #assertTaken(leafIndex: number): void {
    if (leafOf(this.#root, leafIndex) !== undefined) return
    throw new RangeError(`leaf ${leafIndex} is blank or outside of the tree`)
  }
}

function insertSorted(leaves: readonly number[], leafIndex: number): number[] {
  const at = leaves.findIndex((other) => other > leafIndex)
  return at < 0 ? [...leaves, leafIndex] : leaves.toSpliced(at, 0, leafIndex)
}

const nothing = (): undefined => undefined
