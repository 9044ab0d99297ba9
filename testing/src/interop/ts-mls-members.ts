import {
  createApplicationMessage,
  createCommit,
  createGroup,
  createGroupInfoWithExternalPub,
  createGroupInfoWithExternalPubAndRatchetTree,
  encodeMlsMessage,
  joinGroup,
  joinGroupExternal,
  makePskIndex,
  mlsExporter,
  proposeAddExternal,
} from "ts-mls"
import type { CiphersuiteImpl, ClientState, Proposal } from "ts-mls"
import { fromUtf8 } from "@qpc/wire"
import { UnsupportedError } from "./calls.ts"
import type { Calls, MlsStack, ProposalDescription } from "./calls.ts"
import {
  assertPathComesByItself,
  decodeAs,
  newTsTransaction,
  NO_BYTES,
  treeBytes,
  treeOf,
  TS_CONFIG,
  tsExtensions,
  tsLeafOf,
  tsPropose,
  tsPskKey,
  tsReceive,
} from "./ts-mls-state.ts"
import type { TsMemory, TsState, TsTransaction } from "./ts-mls-state.ts"

const SENDERS =
  "ts-mls reads and writes external_senders as one ExternalSender, RFC 9420 §12.1.8.1 makes it a list of them"

type MemberCalls = Omit<
  MlsStack,
  | "reInitProposal"
  | "reInitCommit"
  | "handlePendingReInitCommit"
  | "handleReInitCommit"
  | "reInitWelcome"
  | "handleReInitWelcome"
  | "createBranch"
  | "handleBranch"
>

/** Calls of ts-mls but for those about subgroups. */
export function tsMemberCalls(memory: TsMemory, suites: ReadonlyMap<number, CiphersuiteImpl>): MemberCalls {
  return { ...entering(memory, suites), ...talking(memory, suites), ...proposing(memory) }
}

function suiteOf(suites: ReadonlyMap<number, CiphersuiteImpl>, id: number): CiphersuiteImpl {
  const suite = suites.get(id)
  if (suite === undefined) throw new RangeError(`cipher suite ${id} is not supported`)
  return suite
}

function suiteNamed(suites: ReadonlyMap<number, CiphersuiteImpl>, name: string): CiphersuiteImpl {
  const suite = [...suites.values()].find((known) => known.name === name)
  if (suite === undefined) throw new RangeError(`cipher suite ${name} is not supported`)
  return suite
}

/** Remembers a member who has just entered. */
export function enterTs(
  memory: TsMemory,
  state: ClientState,
  newcomer: TsTransaction,
  isPublic: boolean,
): { readonly stateId: number; readonly epochAuthenticator: Uint8Array } {
  const { suite, identity, psks } = newcomer
  const stateId = memory.add("state", { state, suite, identity, psks, isPublic, own: new Set(), pending: undefined })
  return { stateId, epochAuthenticator: state.keySchedule.epochAuthenticator }
}

function privateKeysOf({ privatePackage }: TsTransaction): {
  readonly initPriv: Uint8Array
  readonly encryptionPriv: Uint8Array
  readonly signaturePriv: Uint8Array
} {
  const { initPrivateKey, hpkePrivateKey, signaturePrivateKey } = privatePackage
  return { initPriv: initPrivateKey, encryptionPriv: hpkePrivateKey, signaturePriv: signaturePrivateKey }
}

function entering(
  memory: TsMemory,
  suites: ReadonlyMap<number, CiphersuiteImpl>,
): Pick<
  MlsStack,
  "createGroup" | "createKeyPackage" | "joinGroup" | "externalJoin" | "newMemberAddProposal" | "storePsk" | "free"
> {
  return {
    async createGroup({ groupId, cipherSuite, encryptHandshake, identity }) {
      const suite = suiteOf(suites, cipherSuite)
      const creator = await newTsTransaction(suite, identity)
      const { publicPackage, privatePackage } = creator
      const state = await createGroup(groupId, publicPackage, privatePackage, [], suite, TS_CONFIG)
      return { stateId: enterTs(memory, state, creator, !encryptHandshake).stateId }
    },
    async createKeyPackage({ cipherSuite, identity }) {
      const newcomer = await newTsTransaction(suiteOf(suites, cipherSuite), identity)
      const { publicPackage: keyPackage } = newcomer
      const message = encodeMlsMessage({ wireformat: "mls_key_package", version: "mls10", keyPackage })
      return { transactionId: memory.add("transaction", newcomer), keyPackage: message, ...privateKeysOf(newcomer) }
    },
    async joinGroup({ transactionId, welcome, ratchetTree, encryptHandshake }) {
      const newcomer = memory.get("transaction", transactionId)
      const { publicPackage, privatePackage, psks, suite } = newcomer
      const opened = decodeAs("mls_welcome", welcome).welcome
      const index = makePskIndex(undefined, psks)
      const tree = treeOf(ratchetTree)
      const nobody = undefined
      const state = await joinGroup(opened, publicPackage, privatePackage, index, suite, tree, nobody, TS_CONFIG)
      memory.delete(transactionId)
      return enterTs(memory, state, newcomer, !encryptHandshake)
    },
    async externalJoin({ groupInfo, ratchetTree, encryptHandshake, identity, removePrior, psks }) {
      if (psks.length > 0) throw new UnsupportedError("joinGroupExternal takes no PSKs")
      const info = decodeAs("mls_group_info", groupInfo).groupInfo
      const newcomer = await newTsTransaction(suiteNamed(suites, info.groupContext.cipherSuite), identity)
      const { publicPackage, privatePackage, suite } = newcomer
      const tree = treeOf(ratchetTree)
      const joined = await joinGroupExternal(info, publicPackage, privatePackage, removePrior, suite, tree, TS_CONFIG)
      const { newState, publicMessage } = joined
      const commit = encodeMlsMessage({ wireformat: "mls_public_message", version: "mls10", publicMessage })
      return { ...enterTs(memory, newState, newcomer, !encryptHandshake), commit }
    },
    async newMemberAddProposal({ groupInfo, identity }) {
      const info = decodeAs("mls_group_info", groupInfo).groupInfo
      const newcomer = await newTsTransaction(suiteNamed(suites, info.groupContext.cipherSuite), identity)
      const { publicPackage, privatePackage, suite } = newcomer
      const proposal = encodeMlsMessage(await proposeAddExternal(info, publicPackage, privatePackage, suite))
      return { transactionId: memory.add("transaction", newcomer), proposal, ...privateKeysOf(newcomer) }
    },
    storePsk({ stateOrTransactionId, pskId, pskSecret }) {
      const kind = memory.find(stateOrTransactionId)?.kind === "transaction" ? "transaction" : "state"
      memory.get(kind, stateOrTransactionId).psks[tsPskKey(pskId)] = pskSecret
      return {}
    },
    free({ stateId }) {
      memory.delete(stateId)
      return {}
    },
  }
}

function talking(
  memory: TsMemory,
  suites: ReadonlyMap<number, CiphersuiteImpl>,
): Pick<MlsStack, "name" | "supportedCiphersuites" | "groupInfo" | "stateAuth" | "export" | "protect" | "unprotect"> {
  return {
    name: () => ({ name: "ts-mls" }),
    supportedCiphersuites: () => ({ ciphersuites: [...suites.keys()] }),
    async groupInfo({ stateId, externalTree }) {
      const { state, suite } = memory.get("state", stateId)
      const make = externalTree ? createGroupInfoWithExternalPub : createGroupInfoWithExternalPubAndRatchetTree
      const groupInfo = await make(state, [], suite)
      return {
        groupInfo: encodeMlsMessage({ wireformat: "mls_group_info", version: "mls10", groupInfo }),
        ratchetTree: externalTree ? treeBytes(state) : NO_BYTES,
      }
    },
    stateAuth: ({ stateId }) => ({
      stateAuthSecret: memory.get("state", stateId).state.keySchedule.epochAuthenticator,
    }),
    async export({ stateId, label, context, keyLength }) {
      const { state, suite } = memory.get("state", stateId)
      const { exporterSecret } = state.keySchedule
      return { exportedSecret: await mlsExporter(exporterSecret, label, context, keyLength, suite) }
    },
    async protect({ stateId, authenticatedData, plaintext }) {
      const member = memory.get("state", stateId)
      const sent = await createApplicationMessage(member.state, plaintext, member.suite, authenticatedData)
      member.state = sent.newState
      const { privateMessage } = sent
      return { ciphertext: encodeMlsMessage({ wireformat: "mls_private_message", version: "mls10", privateMessage }) }
    },
    async unprotect({ stateId, ciphertext }) {
      const { authenticatedData } = decodeAs("mls_private_message", ciphertext).privateMessage
      const plaintext = await tsReceive(memory.get("state", stateId), ciphertext)
      if (plaintext === undefined) throw new RangeError("not an application message")
      return { authenticatedData, plaintext }
    },
  }
}

function proposing(
  memory: TsMemory,
): Pick<
  MlsStack,
  | "addProposal"
  | "updateProposal"
  | "removeProposal"
  | "externalPskProposal"
  | "resumptionPskProposal"
  | "groupContextExtensionsProposal"
  | "createExternalSigner"
  | "addExternalSigner"
  | "externalSignerProposal"
  | "commit"
  | "handleCommit"
  | "handlePendingCommit"
> {
  const propose = async (stateId: number, description: Partial<ProposalDescription>, type: string) => {
    const member = memory.get("state", stateId)
    return await tsPropose(member, tsProposal(member, description, type))
  }
  return {
    addProposal: async ({ stateId, ...request }) => await propose(stateId, request, "add"),
    updateProposal: () => {
      throw new UnsupportedError("ts-mls has no way to make an Update and to keep its private key")
    },
    removeProposal: async ({ stateId, ...request }) => await propose(stateId, request, "remove"),
    externalPskProposal: async ({ stateId, ...request }) => await propose(stateId, request, "externalPSK"),
    resumptionPskProposal: async ({ stateId, ...request }) => await propose(stateId, request, "resumptionPSK"),
    groupContextExtensionsProposal: async ({ stateId, ...request }) =>
      await propose(stateId, request, "groupContextExtensions"),
    createExternalSigner: () => {
      throw new UnsupportedError(SENDERS)
    },
    addExternalSigner: () => {
      throw new UnsupportedError(SENDERS)
    },
    externalSignerProposal: () => {
      throw new UnsupportedError(SENDERS)
    },
    commit: async (request) => await tsCommit(memory.get("state", request.stateId), request),
    async handleCommit({ stateId, proposal, commit }) {
      const member = memory.get("state", stateId)
      for (const message of [...proposal, commit]) await tsReceive(member, message)
      member.own.clear()
      return { stateId, epochAuthenticator: member.state.keySchedule.epochAuthenticator }
    },
    handlePendingCommit({ stateId }) {
      const member = memory.get("state", stateId)
      mergeTs(member)
      return { stateId, epochAuthenticator: member.state.keySchedule.epochAuthenticator }
    },
  }
}

/** Takes the own commit into effect. @throws RangeError if there is none */
export function mergeTs(member: TsState): void {
  if (member.pending === undefined) throw new RangeError("no commit is pending")
  member.state = member.pending
  member.pending = undefined
  member.own.clear()
}

/** Commits what was received and what is asked for. */
export async function tsCommit(member: TsState, request: Calls["commit"][0]): Promise<Calls["commit"][1]> {
  for (const proposal of request.byReference) await tsReceive(member, proposal)
  const { state, suite, psks, isPublic } = member
  const extraProposals = request.byValue.map((wanted) => tsProposal(member, wanted, fromUtf8(wanted.proposalType)))
  const queued = Object.values(state.unappliedProposals).map(({ proposal }) => proposal)
  assertPathComesByItself(request.forcePath, [...queued, ...extraProposals])
  const made = await createCommit(
    { state, pskIndex: makePskIndex(state, psks), cipherSuite: suite },
    { wireAsPublicMessage: isPublic, extraProposals, ratchetTreeExtension: !request.externalTree },
  )
  member.pending = made.newState
  const { welcome } = made
  return {
    commit: encodeMlsMessage(made.commit),
    welcome: welcome ? encodeMlsMessage({ wireformat: "mls_welcome", version: "mls10", welcome }) : NO_BYTES,
    ratchetTree: request.externalTree ? treeBytes(made.newState) : NO_BYTES,
  }
}

function tsProposal(member: TsState, wanted: Partial<ProposalDescription>, type: string | undefined): Proposal {
  const { state, suite } = member
  const pskNonce = (): Uint8Array => suite.rng.randomBytes(suite.kdf.size)
  switch (type) {
    case "add":
      return {
        proposalType: "add",
        add: { keyPackage: decodeAs("mls_key_package", wanted.keyPackage ?? NO_BYTES).keyPackage },
      }
    case "remove":
      return { proposalType: "remove", remove: { removed: tsLeafOf(state, wanted.removedId ?? NO_BYTES) } }
    case "externalPSK": {
      const pskId = wanted.pskId ?? NO_BYTES
      return { proposalType: "psk", psk: { preSharedKeyId: { psktype: "external", pskId, pskNonce: pskNonce() } } }
    }
    case "resumptionPSK": {
      const { groupId: pskGroupId } = state.groupContext
      const about = { psktype: "resumption", usage: "application", pskGroupId, pskEpoch: wanted.epochId ?? 0n } as const
      return { proposalType: "psk", psk: { preSharedKeyId: { ...about, pskNonce: pskNonce() } } }
    }
    case "groupContextExtensions": {
      const extensions = tsExtensions(wanted.extensions ?? [])
      return { proposalType: "group_context_extensions", groupContextExtensions: { extensions } }
    }
    case undefined:
    default:
      throw new RangeError(`no proposal type ${type}`)
  }
}
