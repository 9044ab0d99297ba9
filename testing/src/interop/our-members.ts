import { nodeRandom } from "@qpc/crypto/node"
import { cipherSuiteOf, Group } from "@qpc/mls"
import { toHex } from "@qpc/wire"
import { RefusedError } from "./calls.ts"
import type { MlsStack } from "./calls.ts"
import {
  credentialOf,
  followCommit,
  lookupOf,
  mergePending,
  newSignatureKeys,
  newTransaction,
  NO_BYTES,
  OUR_SUITES,
  outcomeOf,
  presentBytes,
  suiteOf,
  surroundingsOf,
} from "./our-state.ts"
import type { OurMemory, OurState } from "./our-state.ts"

/** Calls by which people enter groups, follow commits and talk. */
export function memberCalls(
  memory: OurMemory,
): Pick<
  MlsStack,
  | "name"
  | "supportedCiphersuites"
  | "createGroup"
  | "createKeyPackage"
  | "joinGroup"
  | "externalJoin"
  | "groupInfo"
  | "stateAuth"
  | "export"
  | "protect"
  | "unprotect"
  | "storePsk"
  | "handleCommit"
  | "handlePendingCommit"
  | "free"
> {
  const enter = (state: OurState): { stateId: number; epochAuthenticator: Uint8Array } => ({
    stateId: memory.add("state", state),
    epochAuthenticator: state.group.epochAuthenticator(),
  })
  return {
    name: () => ({ name: "quicprochat" }),
    supportedCiphersuites: () => ({ ciphersuites: [...OUR_SUITES.keys()] }),

    createGroup({ groupId, cipherSuite, encryptHandshake, identity }) {
      const suite = suiteOf(cipherSuite)
      const signatureKeys = newSignatureKeys(suite)
      const group = Group.create({
        ...surroundingsOf(signatureKeys),
        suite,
        groupId,
        credential: credentialOf(identity),
        random: nodeRandom,
        nowMs: Date.now(),
      })
      const wireFormat = encryptHandshake ? "private" : "public"
      const { stateId } = enter({
        group,
        suite,
        identity,
        signatureKeys,
        psks: new Map(),
        wireFormat,
        pending: undefined,
      })
      return { stateId }
    },

    createKeyPackage({ cipherSuite, identity }) {
      const transaction = newTransaction(suiteOf(cipherSuite), identity)
      return {
        transactionId: memory.add("transaction", transaction),
        keyPackage: transaction.bundle.keyPackage,
        initPriv: transaction.bundle.privateKeys?.initPrivateKey ?? NO_BYTES,
        encryptionPriv: transaction.bundle.privateKeys?.encryptionPrivateKey ?? NO_BYTES,
        signaturePriv: transaction.signatureKeys.privateKey,
      }
    },

    joinGroup({ transactionId, welcome, ratchetTree, encryptHandshake }) {
      const { suite, identity, signatureKeys, bundle, psks } = memory.get("transaction", transactionId)
      const tree = presentBytes(ratchetTree)
      const joined = Group.join({
        ...surroundingsOf(signatureKeys),
        suite,
        welcome,
        bundles: [bundle],
        psks: lookupOf(psks),
        ...(tree && { ratchetTree: tree }),
      })
      if (joined.kind === "rejected") throw new RefusedError(`welcome: ${joined.reason}`)
      bundle[Symbol.dispose]()
      memory.delete(transactionId)
      const wireFormat = encryptHandshake ? "private" : "public"
      return enter({ group: joined.group, suite, identity, signatureKeys, psks, wireFormat, pending: undefined })
    },

    externalJoin({ groupInfo, ratchetTree, encryptHandshake, identity, removePrior, psks }) {
      const suite = suiteOf(cipherSuiteOf(groupInfo))
      const signatureKeys = newSignatureKeys(suite)
      const known = new Map(psks.map(({ pskId, pskSecret }) => [toHex(pskId), pskSecret]))
      const tree = presentBytes(ratchetTree)
      const joined = Group.joinExternally({
        ...surroundingsOf(signatureKeys),
        suite,
        groupInfo,
        credential: credentialOf(identity),
        psks: psks.map(({ pskId }) => ({ kind: "external", pskId })),
        pskLookup: lookupOf(known),
        authenticatedData: NO_BYTES,
        random: nodeRandom,
        ...(tree && { ratchetTree: tree }),
        ...(removePrior && { replaces: isNamed(identity) }),
      })
      if (joined.kind === "rejected") throw new RefusedError(`external join: ${joined.reason}`)
      const { group, commit } = joined
      const wireFormat = encryptHandshake ? "private" : "public"
      return {
        ...enter({ group, suite, identity, signatureKeys, psks: known, wireFormat, pending: undefined }),
        commit,
      }
    },

    groupInfo({ stateId, externalTree }) {
      const { group } = memory.get("state", stateId)
      const { groupInfo, ratchetTree } = group.groupInfo({ externalPub: true, treeInside: !externalTree })
      return { groupInfo, ratchetTree: ratchetTree ?? NO_BYTES }
    },

    stateAuth: ({ stateId }) => ({ stateAuthSecret: memory.get("state", stateId).group.epochAuthenticator() }),
    export: ({ stateId, label, context, keyLength }) => ({
      exportedSecret: memory.get("state", stateId).group.export(label, context, keyLength),
    }),
    protect: ({ stateId, authenticatedData, plaintext }) => ({
      ciphertext: memory.get("state", stateId).group.protect(plaintext, { authenticatedData, random: nodeRandom }),
    }),
    unprotect({ stateId, ciphertext }) {
      const received = memory.get("state", stateId).group.receive(ciphertext, Date.now())
      if (received.kind !== "application") throw new RefusedError(`message: ${outcomeOf(received)}`)
      return { authenticatedData: received.authenticatedData, plaintext: received.plaintext }
    },
    storePsk({ stateOrTransactionId, pskId, pskSecret }) {
      const entry = memory.find(stateOrTransactionId)
      const kind = entry?.kind === "transaction" ? "transaction" : "state"
      memory.get(kind, stateOrTransactionId).psks.set(toHex(pskId), pskSecret)
      return {}
    },

    handleCommit({ stateId, proposal, commit }) {
      const state = memory.get("state", stateId)
      followCommit(state, proposal, commit)
      return { stateId, epochAuthenticator: state.group.epochAuthenticator() }
    },
    handlePendingCommit({ stateId }) {
      const state = memory.get("state", stateId)
      mergePending(state)
      return { stateId, epochAuthenticator: state.group.epochAuthenticator() }
    },
    free({ stateId }) {
      const entry = memory.find(stateId)
      if (entry?.kind === "state") memory.get("state", stateId).group[Symbol.dispose]()
      memory.delete(stateId)
      return {}
    },
  }
}

function isNamed(identity: Uint8Array): (member: ReturnType<Group["members"]>[number]) => boolean {
  const wanted = toHex(identity)
  return ({ credential }) => credential.kind === "basic" && toHex(credential.identity) === wanted
}
