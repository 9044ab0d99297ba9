import type { CipherSuite } from "@qpc/crypto"
import { concatBytes, encode, equalBytes } from "@qpc/wire"

/** A leaf or a parent of the model. */
export type ModelNode =
  | { readonly kind: "leaf"; readonly encoded: Uint8Array; readonly parentHash: Uint8Array | undefined }
  | { readonly kind: "parent"; readonly key: Uint8Array; readonly parentHash: Uint8Array; readonly unmerged: number[] }

/**
 * The ratchet tree as the text of RFC 9420 has it, with no thought for speed: an array in which every question walks
 * everything. What the real tree is compared with in tests.
 */
export class ModelTree {
  readonly suite: CipherSuite
  nodes: (ModelNode | undefined)[]

  constructor(suite: CipherSuite, nodes: (ModelNode | undefined)[]) {
    this.suite = suite
    this.nodes = nodes
  }

  /** §12.1.1. */
  add(leaf: ModelNode): number {
    const leaves = Array.from({ length: (this.nodes.length + 1) / 2 }, (_, leafIndex) => leafIndex)
    const leafIndex = leaves.find((candidate) => this.nodes[2 * candidate] === undefined) ?? leaves.length
    while (2 * leafIndex >= this.nodes.length) {
      this.nodes = [...this.nodes, undefined, ...this.nodes.map(() => undefined)]
    }
    for (const above of this.ancestors(2 * leafIndex)) {
      const node = this.nodes[above]
      if (node?.kind !== "parent") continue
      this.nodes[above] = { ...node, unmerged: [...node.unmerged, leafIndex].toSorted((a, b) => a - b) }
    }
    this.nodes[2 * leafIndex] = leaf
    return leafIndex
  }

  /** §12.1.2. */
  update(leafIndex: number, leaf: ModelNode): void {
    for (const above of this.ancestors(2 * leafIndex)) this.nodes[above] = undefined
    this.nodes[2 * leafIndex] = leaf
  }

  /** §12.1.3. */
  remove(leafIndex: number): void {
    for (const at of [2 * leafIndex, ...this.ancestors(2 * leafIndex)]) this.nodes[at] = undefined
    for (;;) {
      const middle = (this.nodes.length - 1) / 2
      if (middle === 0 || this.nodes.some((node, at) => at > middle && node?.kind === "leaf")) return
      this.nodes.length = middle
    }
  }

  /** §7.5: fresh keys from the leaf upwards. Parent hashes as §7.9 defines them. */
  setPath(leafIndex: number, leaf: ModelNode, keys: readonly Uint8Array[]): void {
    const path = this.filteredDirectPath(leafIndex)
    for (const above of this.ancestors(2 * leafIndex)) this.nodes[above] = undefined
    this.nodes[2 * leafIndex] = leaf
    let parentHash = new Uint8Array(0)
    for (const [at, nodeIndex] of [...path.entries()].toReversed()) {
      const node = { kind: "parent", key: keys[at]!, parentHash, unmerged: [] } as const
      this.nodes[nodeIndex] = { ...node, unmerged: [] }
      parentHash = this.parentHashOf(nodeIndex, this.childBeside(nodeIndex, 2 * leafIndex))
    }
  }

  /** §7.9, with the original sibling tree hash from scratch. */
  parentHashOf(nodeIndex: number, sibling: number): Uint8Array<ArrayBuffer> {
    const node = this.nodes[nodeIndex]
    if (node?.kind !== "parent") throw new Error("not a parent")
    const original = new ModelTree(
      this.suite,
      this.nodes.map((other, at) => {
        if (other?.kind === "leaf") return node.unmerged.includes(at / 2) ? undefined : other
        return other && { ...other, unmerged: other.unmerged.filter((leaf) => !node.unmerged.includes(leaf)) }
      }),
    )
    const hash = original.hash(sibling)
    return this.suite.hash(encode((w) => w.vector(node.key).vector(node.parentHash).vector(hash))).slice()
  }

  /** §4.1.2. */
  filteredDirectPath(leafIndex: number): number[] {
    return this.ancestors(2 * leafIndex).filter(
      (above) => this.resolution(this.childBeside(above, 2 * leafIndex)).length > 0,
    )
  }

  /** §4.1.1. */
  resolution(nodeIndex: number): number[] {
    const node = this.nodes[nodeIndex]
    if (node?.kind === "leaf") return [nodeIndex]
    if (node !== undefined) return [nodeIndex, ...node.unmerged.map((leafIndex) => 2 * leafIndex)]
    if (nodeIndex % 2 === 0) return []
    const [left, right] = this.children(nodeIndex)
    return [...this.resolution(left), ...this.resolution(right)]
  }

  /** §7.8. */
  hash(nodeIndex: number = (this.nodes.length - 1) / 2): Uint8Array {
    const node = this.nodes[nodeIndex]
    const content = node === undefined ? Uint8Array.of(0) : concatBytes(Uint8Array.of(1), encodeNode(node))
    if (nodeIndex % 2 === 0) {
      return this.suite.hash(
        encode((w) =>
          w
            .uint8(1)
            .uint32(nodeIndex / 2)
            .bytes(content),
        ),
      )
    }
    const [left, right] = this.children(nodeIndex)
    return this.suite.hash(encode((w) => w.uint8(2).bytes(content).vector(this.hash(left)).vector(this.hash(right))))
  }

  /** §12.4.3.3. */
  encode(): Uint8Array {
    const last = this.nodes.findLastIndex((node) => node !== undefined)
    const parts = this.nodes.slice(0, last + 1).map((node) => {
      if (node === undefined) return Uint8Array.of(0)
      return concatBytes(Uint8Array.of(1, node.kind === "leaf" ? 1 : 2), encodeNode(node))
    })
    return encode((w) => w.vector(concatBytes(...parts)))
  }

  /** §7.9.2, all pairs of nodes against all three criteria. */
  isParentHashValid(): boolean {
    return this.nodes.every((node, nodeIndex) => {
      if (node?.kind !== "parent") return true
      const descendants = this.nodes.map((_, at) => at).filter((at) => this.ancestors(at).includes(nodeIndex))
      return descendants.filter((at) => this.#vouches(at, nodeIndex, node.unmerged)).length === 1
    })
  }

  #vouches(descendant: number, nodeIndex: number, unmerged: readonly number[]): boolean {
    const node = this.nodes[descendant]
    const sibling = this.childBeside(nodeIndex, descendant)
    const child = this.children(nodeIndex).find((candidate) => candidate !== sibling)!
    if (node?.parentHash === undefined || !equalBytes(node.parentHash, this.parentHashOf(nodeIndex, sibling)))
      return false
    const resolution = this.resolution(child)
    const below = unmerged
      .map((leaf) => 2 * leaf)
      .filter((leaf) => leaf === child || this.ancestors(leaf).includes(child))
    const others = resolution.filter((at) => at !== descendant)
    return resolution.includes(descendant) && others.join() === below.join()
  }

  /** From the parent to the root. */
  ancestors(nodeIndex: number): number[] {
    const path: number[] = []
    let at = (this.nodes.length - 1) / 2
    while (at !== nodeIndex) {
      path.unshift(at)
      const [left, right] = this.children(at)
      at = nodeIndex < at ? left : right
    }
    return path
  }

  children(nodeIndex: number): [number, number] {
    let step = 1
    while ((nodeIndex + 1) % (4 * step) === 0) step *= 2
    return [nodeIndex - step, nodeIndex + step]
  }

  childBeside(nodeIndex: number, descendant: number): number {
    const [left, right] = this.children(nodeIndex)
    return descendant < nodeIndex ? right : left
  }
}

function encodeNode(node: ModelNode): Uint8Array {
  if (node.kind === "leaf") return node.encoded
  return encode((w) =>
    w
      .vector(node.key)
      .vector(node.parentHash)
      .list(node.unmerged, (inner, leaf) => inner.uint32(leaf)),
  )
}
