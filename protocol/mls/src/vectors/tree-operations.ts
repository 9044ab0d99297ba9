import type { CipherSuite } from "@qpc/crypto"
import { fromHex } from "@qpc/wire"
import { decodeProposal } from "../proposal.ts"
import { decodeRatchetTree, encodeRatchetTree } from "../tree-codec.ts"
import { expectHex } from "./expect.ts"

/** A case of tree-operations.json. */
export interface TreeOperationsCase {
  readonly cipher_suite: number
  readonly tree_before: string
  readonly proposal: string
  readonly proposal_sender: number
  readonly tree_hash_before: string
  readonly tree_after: string
  readonly tree_hash_after: string
}

/** RFC 9420 §12.1.1–3: what Add, Update and Remove do to a tree. */
export function checkTreeOperations(vector: TreeOperationsCase, suite: CipherSuite): void {
  const before = decodeRatchetTree(fromHex(vector.tree_before), suite)
  expectHex("tree hash before", before.treeHash(), vector.tree_hash_before)
  const after = before.fork()
  const proposal = decodeProposal(fromHex(vector.proposal))
  if (proposal.kind === "add") after.addLeaf(proposal.keyPackage.leafNode)
  else if (proposal.kind === "update") after.updateLeaf(vector.proposal_sender, proposal.leafNode)
  else if (proposal.kind === "remove") after.removeLeaf(proposal.removed)
  else throw new Error(`the proposal is ${proposal.kind}`)
  expectHex("tree after", encodeRatchetTree(after), vector.tree_after)
  expectHex("tree hash after", after.treeHash(), vector.tree_hash_after)
  expectHex("the tree before, unchanged", encodeRatchetTree(before), vector.tree_before)
}
