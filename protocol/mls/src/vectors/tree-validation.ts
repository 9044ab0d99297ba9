import type { CipherSuite } from "@qpc/crypto"
import { fromHex, toHex } from "@qpc/wire"
import { leafNodeSignatureIsValid } from "../leaf-node.ts"
import { decodeRatchetTree, encodeRatchetTree } from "../tree-codec.ts"
import { expectHex, expectSame, expectTrue } from "./expect.ts"

/** A case of tree-validation.json. */
export interface TreeValidationCase {
  readonly cipher_suite: number
  readonly tree: string
  readonly group_id: string
  readonly resolutions: readonly (readonly number[])[]
  readonly tree_hashes: readonly string[]
}

/** RFC 9420 §4.1.1, §7.8, §7.9.2, §7.3: resolutions, tree hashes, parent hashes and leaf signatures of a whole tree. */
export function checkTreeValidation(vector: TreeValidationCase, suite: CipherSuite): void {
  const tree = decodeRatchetTree(fromHex(vector.tree), suite)
  const groupId = fromHex(vector.group_id)
  const nodes = Array.from({ length: tree.nodeWidth }, (_, nodeIndex) => nodeIndex)
  expectHex("tree", encodeRatchetTree(tree), vector.tree)
  expectSame(
    "resolutions",
    nodes.map((node) => tree.resolution(node)),
    vector.resolutions,
  )
  expectSame(
    "tree hashes",
    nodes.map((node) => toHex(tree.nodeHash(node))),
    vector.tree_hashes,
  )
  expectSame("invalid parent hash", tree.findInvalidParentHash() ?? null, null)
  for (const { leafIndex, leafNode } of tree.members()) {
    const isValid = leafNodeSignatureIsValid(suite, leafNode, { groupId, leafIndex })
    expectTrue(`the signature of leaf ${leafIndex} is valid`, isValid)
  }
}
