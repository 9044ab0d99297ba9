import type { CipherSuite } from "@qpc/crypto"
import { createPath } from "../create-path.ts"
import type { CreatedPath } from "../create-path.ts"
import type { PathWithValidLeaf } from "../merge-path.ts"
import { RatchetTree } from "../ratchet-tree.ts"
import { TreePrivateState } from "../tree-private-state.ts"
import { countedRandom } from "./counted-random.ts"
import { testMember } from "./test-member.ts"
import type { TestMember } from "./test-member.ts"

/** The group that {@link threeMembers} are in. */
export const TEST_GROUP_ID: Uint8Array = Uint8Array.of(1, 2, 3)

/** Three members before and after the first of them committed with a path. */
export interface ThreeMembers {
  readonly people: readonly [TestMember, TestMember, TestMember]
  readonly before: RatchetTree
  readonly after: RatchetTree
  /** Private keys before the commit. */
  readonly states: readonly [TreePrivateState, TreePrivateState, TreePrivateState]
  readonly created: CreatedPath
  readonly path: { readonly leafNode: PathWithValidLeaf["leafNode"]; readonly nodes: readonly [PathNode, PathNode] }
}

type PathNode = PathWithValidLeaf["nodes"][number]

/** Three members, the first of whom has just made a path that the others have not seen. For tests only. */
export function threeMembers(suite: CipherSuite, seed: string): ThreeMembers {
  const random = countedRandom(suite, seed)
  const people = [testMember(suite, random), testMember(suite, random), testMember(suite, random)] as const
  const before = RatchetTree.ofCreator(suite, people[0].leafNode)
  before.addLeaf(people[1].leafNode)
  before.addLeaf(people[2].leafNode)
  const stateOf = (leafIndex: 0 | 1 | 2): TreePrivateState =>
    new TreePrivateState(leafIndex, people[leafIndex].leafKeys.privateKey.slice())
  const states = [stateOf(0), stateOf(1), stateOf(2)] as const
  const after = before.fork()
  const created = createPath({
    tree: after,
    keys: states[0].fork(),
    groupId: TEST_GROUP_ID,
    leaf: people[0].leafNode,
    signaturePrivateKey: people[0].signatureKeys.privateKey,
    added: new Set(),
    // Any bytes that both sides have will do as the group context.
    groupContext: (treeHash) => treeHash,
    random,
  })
  return { people, before, after, states, created, path: created.updatePath as unknown as ThreeMembers["path"] }
}
