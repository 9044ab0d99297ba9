import { branchGroup, encodeMlsMessage, joinGroupFromBranch, joinGroupFromReinit, reinitCreateNewGroup } from "ts-mls"
import type { CiphersuiteImpl, CreateCommitResult, KeyPackage } from "ts-mls"
import { getCiphersuiteNameFromId } from "ts-mls/crypto/ciphersuite.js"
import type { CiphersuiteId } from "ts-mls/crypto/ciphersuite.js"
import { RefusedError, UnsupportedError } from "./calls.ts"
import type { Calls, MlsStack } from "./calls.ts"
import { enterTs, mergeTs, tsCommit } from "./ts-mls-members.ts"
import {
  decodeAs,
  newTsTransaction,
  NO_BYTES,
  treeBytes,
  treeOf,
  tsExtensions,
  tsPropose,
  tsReceive,
} from "./ts-mls-state.ts"
import type { TsMemory, TsState, TsTransaction } from "./ts-mls-state.ts"

const NO_PATH = "branchGroup and reinitCreateNewGroup cannot be asked for a path"

/** Calls of ts-mls about groups that follow from others. */
export function tsSubgroupCalls(
  memory: TsMemory,
  suites: ReadonlyMap<number, CiphersuiteImpl>,
): Pick<
  MlsStack,
  | "reInitProposal"
  | "reInitCommit"
  | "handlePendingReInitCommit"
  | "handleReInitCommit"
  | "reInitWelcome"
  | "handleReInitWelcome"
  | "createBranch"
  | "handleBranch"
> {
  const prepare = async (old: TsState): Promise<Calls["handleReInitCommit"][1]> => {
    const { groupActiveState, keySchedule } = old.state
    if (groupActiveState.kind !== "suspendedPendingReinit") throw new RefusedError("the commit did not end the group")
    const suite = [...suites.values()].find(({ name }) => name === groupActiveState.reinit.cipherSuite)
    if (suite === undefined)
      throw new RangeError(`cipher suite ${groupActiveState.reinit.cipherSuite} is not supported`)
    const newcomer = await newTsTransaction(suite, old.identity)
    const { publicPackage: keyPackage } = newcomer
    return {
      reinitId: memory.add("reinit", { old, newcomer }),
      keyPackage: encodeMlsMessage({ wireformat: "mls_key_package", version: "mls10", keyPackage }),
      epochAuthenticator: keySchedule.epochAuthenticator,
    }
  }
  const created = (made: CreateCommitResult, old: TsState, newcomer: TsTransaction): Calls["createBranch"][1] => {
    const { newState, welcome } = made
    return {
      ...enterTs(memory, newState, newcomer, old.isPublic),
      welcome: welcome ? encodeMlsMessage({ wireformat: "mls_welcome", version: "mls10", welcome }) : NO_BYTES,
      // Neither function can put the tree into the Welcome.
      ratchetTree: treeBytes(newState),
    }
  }
  return {
    async reInitProposal({ stateId, cipherSuite, groupId, extensions }) {
      const reinit = {
        groupId,
        version: "mls10",
        cipherSuite: getCiphersuiteNameFromId(cipherSuite as CiphersuiteId),
        extensions: tsExtensions(extensions),
      } as const
      return await tsPropose(memory.get("state", stateId), { proposalType: "reinit", reinit })
    },
    reInitCommit: async (request) => await tsCommit(memory.get("state", request.stateId), request),
    async handlePendingReInitCommit({ stateId }) {
      const member = memory.get("state", stateId)
      mergeTs(member)
      return await prepare(member)
    },
    async handleReInitCommit({ stateId, proposal, commit }) {
      const member = memory.get("state", stateId)
      for (const message of [...proposal, commit]) await tsReceive(member, message)
      return await prepare(member)
    },
    async reInitWelcome({ reinitId, keyPackage, forcePath }) {
      if (forcePath) throw new UnsupportedError(NO_PATH)
      const { old, newcomer } = memory.get("reinit", reinitId)
      const { groupActiveState } = old.state
      if (groupActiveState.kind !== "suspendedPendingReinit") throw new RefusedError("no ReInit has ended the group")
      const { groupId, cipherSuite, extensions } = groupActiveState.reinit
      const { publicPackage, privatePackage } = newcomer
      const others = keyPackagesOf(keyPackage)
      const made = await reinitCreateNewGroup(
        old.state,
        publicPackage,
        privatePackage,
        others,
        groupId,
        cipherSuite,
        extensions,
      )
      return created(made, old, newcomer)
    },
    async handleReInitWelcome({ reinitId, welcome, ratchetTree }) {
      const { old, newcomer } = memory.get("reinit", reinitId)
      const { publicPackage, privatePackage } = newcomer
      const opened = decodeAs("mls_welcome", welcome).welcome
      const tree = treeOf(ratchetTree)
      const state = await joinGroupFromReinit(old.state, opened, publicPackage, privatePackage, tree)
      return enterTs(memory, state, newcomer, old.isPublic)
    },
    async createBranch({ stateId, groupId, extensions, keyPackages, forcePath }) {
      if (forcePath) throw new UnsupportedError(NO_PATH)
      if (extensions.length > 0) throw new UnsupportedError("branchGroup takes over the extensions of the old group")
      const old = memory.get("state", stateId)
      const newcomer = await newTsTransaction(old.suite, old.identity)
      const { publicPackage, privatePackage, suite } = newcomer
      const others = keyPackagesOf(keyPackages)
      const made = await branchGroup(old.state, publicPackage, privatePackage, others, groupId, suite)
      return created(made, old, newcomer)
    },
    async handleBranch({ stateId, transactionId, welcome, ratchetTree }) {
      const old = memory.get("state", stateId)
      const newcomer = memory.get("transaction", transactionId)
      const { publicPackage, privatePackage, suite } = newcomer
      const opened = decodeAs("mls_welcome", welcome).welcome
      const tree = treeOf(ratchetTree)
      const state = await joinGroupFromBranch(old.state, opened, publicPackage, privatePackage, tree, suite)
      memory.delete(transactionId)
      return enterTs(memory, state, newcomer, old.isPublic)
    },
  }
}

function keyPackagesOf(messages: readonly Uint8Array[]): KeyPackage[] {
  return messages.map((bytes) => decodeAs("mls_key_package", bytes).keyPackage)
}
