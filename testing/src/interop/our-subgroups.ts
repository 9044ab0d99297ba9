import { nodeRandom } from "@qpc/crypto/node"
import { Group } from "@qpc/mls"
import type { Descended } from "@qpc/mls"
import { RefusedError } from "./calls.ts"
import type { Calls, MlsStack } from "./calls.ts"
import {
  credentialOf,
  followCommit,
  mergePending,
  newTransaction,
  NO_BYTES,
  presentBytes,
  suiteOf,
  surroundingsOf,
} from "./our-state.ts"
import type { OurMemory, OurState, OurTransaction } from "./our-state.ts"

/** Calls by which groups replace each other and branch (RFC 9420 §11.2, §11.3). */
export function subgroupCalls(
  memory: OurMemory,
): Pick<
  MlsStack,
  | "handlePendingReInitCommit"
  | "handleReInitCommit"
  | "reInitWelcome"
  | "handleReInitWelcome"
  | "createBranch"
  | "handleBranch"
> {
  /** After a ReInit: a key package for the group that comes next. */
  const prepare = (old: OurState): Calls["handleReInitCommit"][1] => {
    const { reinit } = old.group
    if (reinit === undefined) throw new RefusedError("the commit did not end the group")
    const newcomer = newTransaction(suiteOf(reinit.cipherSuite), old.identity)
    return {
      reinitId: memory.add("reinit", { old, newcomer }),
      keyPackage: newcomer.bundle.keyPackage,
      epochAuthenticator: old.group.epochAuthenticator(),
    }
  }

  const created = (made: Descended, old: OurState, newcomer: OurTransaction): Calls["createBranch"][1] => {
    if (made.kind === "refused") throw new RefusedError(`subgroup: ${made.reason}`)
    const { group, welcome, ratchetTree } = made
    return { ...enter(old, newcomer, group), welcome: welcome ?? NO_BYTES, ratchetTree: ratchetTree ?? NO_BYTES }
  }

  const join = (
    old: OurState,
    newcomer: OurTransaction,
    welcome: Uint8Array,
    tree: Uint8Array,
  ): Calls["handleBranch"][1] => {
    const { suite, signatureKeys, bundle } = newcomer
    const ratchetTree = presentBytes(tree)
    const joined = Group.join({
      ...surroundingsOf(signatureKeys),
      suite,
      welcome,
      bundles: [bundle],
      parent: old.group,
      ...(ratchetTree && { ratchetTree }),
    })
    if (joined.kind === "rejected") throw new RefusedError(`welcome: ${joined.reason}`)
    bundle[Symbol.dispose]()
    return enter(old, newcomer, joined.group)
  }

  const enter = (old: OurState, newcomer: OurTransaction, group: Group): Calls["handleBranch"][1] => {
    const { suite, identity, signatureKeys, psks } = newcomer
    const { wireFormat } = old
    const state = { group, suite, identity, signatureKeys, psks, wireFormat, pending: undefined }
    return { stateId: memory.add("state", state), epochAuthenticator: group.epochAuthenticator() }
  }

  return {
    handlePendingReInitCommit({ stateId }) {
      const state = memory.get("state", stateId)
      mergePending(state)
      return prepare(state)
    },
    handleReInitCommit({ stateId, proposal, commit }) {
      const state = memory.get("state", stateId)
      followCommit(state, proposal, commit)
      return prepare(state)
    },
    reInitWelcome({ reinitId, keyPackage, forcePath, externalTree }) {
      const { old, newcomer } = memory.get("reinit", reinitId)
      const made = old.group.createSuccessor({
        ...creatorOf(newcomer),
        suite: newcomer.suite,
        keyPackages: keyPackage,
        forcePath,
        treeInWelcome: !externalTree,
      })
      return created(made, old, newcomer)
    },
    handleReInitWelcome({ reinitId, welcome, ratchetTree }) {
      const { old, newcomer } = memory.get("reinit", reinitId)
      return join(old, newcomer, welcome, ratchetTree)
    },
    createBranch({ stateId, groupId, extensions, keyPackages, forcePath, externalTree }) {
      const old = memory.get("state", stateId)
      const newcomer = newTransaction(old.suite, old.identity)
      const made = old.group.createBranch({
        ...creatorOf(newcomer),
        groupId,
        extensions: [...extensions],
        keyPackages,
        forcePath,
        treeInWelcome: !externalTree,
      })
      return created(made, old, newcomer)
    },
    handleBranch({ stateId, transactionId, welcome, ratchetTree }) {
      const joined = join(memory.get("state", stateId), memory.get("transaction", transactionId), welcome, ratchetTree)
      memory.delete(transactionId)
      return joined
    },
  }
}

/** Who makes the new group; the key package itself is for those who do not. */
function creatorOf({
  identity,
  signatureKeys,
}: OurTransaction): Pick<
  Parameters<typeof Group.create>[0],
  "signatureKeys" | "policy" | "credential" | "random" | "nowMs"
> {
  return {
    ...surroundingsOf(signatureKeys),
    credential: credentialOf(identity),
    random: nodeRandom,
    nowMs: Date.now(),
  }
}
