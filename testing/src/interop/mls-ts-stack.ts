import { raw } from "mls-ts"
import { DecodeError, fromUtf8, Reader, toHex } from "@qpc/wire"
import { UnsupportedError } from "./calls.ts"
import type { Calls, MlsStack } from "./calls.ts"
import { IdTable } from "./id-table.ts"

/** The generated bindings: the classes around them drop what the calls need. */
const openMls: typeof raw = raw

/** A person with keys; each has a store of its own, as devices do. */
interface Client {
  readonly provider: raw.Provider
  readonly identity: raw.Identity
}

interface Member extends Client {
  readonly group: raw.Group
  /** An Add that was proposed and committed in one call, and waits until the harness asks for the commit. */
  proposed: { readonly proposal: string; readonly commit: Uint8Array; readonly welcome: Uint8Array } | undefined
}

const NO_BYTES = new Uint8Array(0)
/** MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519, the only suite of the build. */
const SUITE = 3
const MLS_10 = 1
const [PRIVATE_MESSAGE, KEY_PACKAGE] = [2, 5]

const impossible = (why: string) => () => {
  throw new UnsupportedError(`the WebAssembly build of OpenMLS in mls-ts ${why}`)
}
const noProposals = impossible("makes no proposals but Adds")
const noSubgroups = impossible("makes no subgroups")
const noOutsiders = impossible("has no external joins, signers or proposals")

/** The OpenMLS build inside of mls-ts 0.1.0 behind the calls: it creates, adds, follows, talks and exports. */
export function mlsTsStack(): MlsStack {
  const memory: Memory = new IdTable()
  return {
    ...members(memory),
    updateProposal: noProposals,
    removeProposal: noProposals,
    externalPskProposal: noProposals,
    resumptionPskProposal: noProposals,
    groupContextExtensionsProposal: noProposals,
    reInitProposal: noProposals,
    addExternalSigner: noProposals,
    storePsk: impossible("has no PSKs"),
    groupInfo: impossible("publishes no GroupInfo"),
    externalJoin: noOutsiders,
    newMemberAddProposal: noOutsiders,
    createExternalSigner: noOutsiders,
    externalSignerProposal: noOutsiders,
    reInitCommit: noSubgroups,
    handlePendingReInitCommit: noSubgroups,
    handleReInitCommit: noSubgroups,
    reInitWelcome: noSubgroups,
    handleReInitWelcome: noSubgroups,
    createBranch: noSubgroups,
    handleBranch: noSubgroups,
  }
}

type Memory = IdTable<{ readonly state: Member; readonly transaction: Client }>

function members(
  memory: Memory,
): Pick<
  MlsStack,
  | "name"
  | "supportedCiphersuites"
  | "createGroup"
  | "createKeyPackage"
  | "joinGroup"
  | "addProposal"
  | "commit"
  | "handleCommit"
  | "handlePendingCommit"
  | "stateAuth"
  | "export"
  | "protect"
  | "unprotect"
  | "free"
> {
  return {
    name: () => ({ name: "OpenMLS (mls-ts)" }),
    supportedCiphersuites: () => ({ ciphersuites: [SUITE] }),
    createGroup({ groupId, identity, encryptHandshake }) {
      assertPrivate(encryptHandshake)
      const client = newClient(identity)
      // Group ids are strings here; the ones of the harness are bytes.
      const group = openMls.Group.create_new(client.provider, client.identity, toHex(groupId))
      return { stateId: memory.add("state", { ...client, group, proposed: undefined }) }
    },
    createKeyPackage({ identity }) {
      const client = newClient(identity)
      const bare = client.identity.key_package(client.provider).to_bytes()
      const transactionId = memory.add("transaction", client)
      return {
        transactionId,
        keyPackage: wrapped(bare),
        initPriv: NO_BYTES,
        encryptionPriv: NO_BYTES,
        signaturePriv: NO_BYTES,
      }
    },
    joinGroup({ transactionId, welcome, ratchetTree, encryptHandshake }) {
      assertPrivate(encryptHandshake)
      if (ratchetTree.length === 0) impossible("joins only with the tree beside the Welcome")()
      const client = memory.get("transaction", transactionId)
      const group = openMls.Group.join(client.provider, welcome, openMls.RatchetTree.from_bytes(ratchetTree))
      memory.delete(transactionId)
      return { stateId: memory.add("state", { ...client, group, proposed: undefined }), epochAuthenticator: NO_BYTES }
    },
    addProposal({ stateId, keyPackage }) {
      const member = memory.get("state", stateId)
      if (member.proposed !== undefined) impossible("commits each Add by itself")()
      const newcomer = openMls.KeyPackage.from_bytes(unwrapped(keyPackage))
      const { proposal, commit, welcome } = member.group.propose_and_commit_add(
        member.provider,
        member.identity,
        newcomer,
      )
      member.proposed = { proposal: toHex(proposal), commit, welcome }
      return { proposal }
    },
    commit: (request) => commitProposed(memory.get("state", request.stateId), request),
    handleCommit({ stateId, proposal, commit }) {
      const { group, provider } = memory.get("state", stateId)
      for (const message of [...proposal, commit]) group.process_message(provider, message)
      return { stateId, epochAuthenticator: NO_BYTES }
    },
    handlePendingCommit: ({ stateId }) => ({ stateId, epochAuthenticator: NO_BYTES }),
    stateAuth: () => ({ stateAuthSecret: NO_BYTES }),
    export({ stateId, label, context, keyLength }) {
      const { group, provider } = memory.get("state", stateId)
      return { exportedSecret: group.export_key(provider, label, context, keyLength) }
    },
    protect({ stateId, authenticatedData, plaintext }) {
      if (authenticatedData.length > 0) impossible("sends no authenticated data")()
      const { group, provider, identity } = memory.get("state", stateId)
      return { ciphertext: group.create_message(provider, identity, plaintext) }
    },
    unprotect({ stateId, ciphertext }) {
      const { group, provider } = memory.get("state", stateId)
      return {
        authenticatedData: authenticatedDataOf(ciphertext),
        plaintext: group.process_message(provider, ciphertext),
      }
    },
    free({ stateId }) {
      memory.delete(stateId)
      return {}
    },
  }
}

/** Merges at once: the build hands out the tree that newcomers need only after the merge. */
function commitProposed(member: Member, request: Calls["commit"][0]): Calls["commit"][1] {
  const { byReference, byValue, forcePath } = request
  const { proposed } = member
  const isTheOne = byReference.length === 1 && toHex(byReference[0]!) === proposed?.proposal && byValue.length === 0
  if (!isTheOne || proposed === undefined) return impossible("commits one Add of its own at a time, and nothing else")()
  if (forcePath) impossible("cannot be asked for a path")()
  member.group.merge_pending_commit(member.provider)
  member.proposed = undefined
  const ratchetTree = member.group.export_ratchet_tree().to_bytes()
  return { commit: proposed.commit, welcome: proposed.welcome, ratchetTree }
}

function newClient(identity: Uint8Array): Client {
  const provider = new openMls.Provider()
  return { provider, identity: new openMls.Identity(provider, fromUtf8(identity) ?? toHex(identity)) }
}

function assertPrivate(encryptHandshake: boolean): void {
  if (!encryptHandshake) impossible("takes and makes private handshake messages only")()
}

/** The build reads and writes bare key packages; the calls carry MLSMessages. */
function wrapped(keyPackage: Uint8Array): Uint8Array {
  return Uint8Array.of(0, MLS_10, 0, KEY_PACKAGE, ...keyPackage)
}

function unwrapped(message: Uint8Array): Uint8Array {
  return message.slice(4)
}

/** The header of a private message is readable; what is in it was authenticated with the rest (RFC 9420 §6.3). */
function authenticatedDataOf(message: Uint8Array): Uint8Array {
  const reader = new Reader(message)
  if (reader.uint16() !== MLS_10 || reader.uint16() !== PRIVATE_MESSAGE) throw new DecodeError("bad_value", 0)
  reader.vector()
  reader.uint64()
  reader.uint8()
  return reader.vector().slice()
}
