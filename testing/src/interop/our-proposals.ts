import { nodeRandom } from "@qpc/crypto/node"
import { EXTENSION_TYPES, findExtension, readExternalSender, readExternalSenders, writeExternalSenders } from "@qpc/mls"
import type { CommitOptions, ProposalToSend, PskToInject } from "@qpc/mls"
import { decodeWhole, encode, fromUtf8 } from "@qpc/wire"
import { RefusedError } from "./calls.ts"
import type { Calls, MlsStack, ProposalDescription } from "./calls.ts"
import { hearProposals, leafOf, lookupOf, NO_BYTES } from "./our-state.ts"
import type { OurMemory, OurState } from "./our-state.ts"

type MadeExtension = NonNullable<CommitOptions["extensions"]>[number]

/** Calls by which members propose and commit. */
export function proposalCalls(
  memory: OurMemory,
): Pick<
  MlsStack,
  | "addProposal"
  | "updateProposal"
  | "removeProposal"
  | "externalPskProposal"
  | "resumptionPskProposal"
  | "groupContextExtensionsProposal"
  | "reInitProposal"
  | "addExternalSigner"
  | "commit"
  | "reInitCommit"
> {
  const propose = (stateId: number, wanted: ProposalToSend): { proposal: Uint8Array } => {
    const { group, wireFormat } = memory.get("state", stateId)
    const options = { authenticatedData: NO_BYTES, random: nodeRandom, nowMs: Date.now(), wireFormat }
    const proposed = group.propose(wanted, options)
    if (proposed.kind === "refused") throw new RefusedError(`proposal: ${proposed.reason}`)
    return { proposal: proposed.message }
  }
  const commit = (request: Calls["commit"][0]): Calls["commit"][1] =>
    makeCommit(memory.get("state", request.stateId), request)
  return {
    addProposal: ({ stateId, keyPackage }) => propose(stateId, { kind: "add", keyPackage }),
    updateProposal: ({ stateId }) => propose(stateId, { kind: "update" }),
    removeProposal({ stateId, removedId }) {
      const { group } = memory.get("state", stateId)
      return propose(stateId, { kind: "remove", leafIndex: leafOf(group.members(), removedId) })
    },
    externalPskProposal: ({ stateId, pskId }) => propose(stateId, { kind: "psk", psk: { kind: "external", pskId } }),
    resumptionPskProposal({ stateId, epochId }) {
      const { groupId } = memory.get("state", stateId).group
      return propose(stateId, { kind: "psk", psk: { kind: "resumption", groupId, epoch: epochId } })
    },
    groupContextExtensionsProposal: ({ stateId, extensions }) =>
      propose(stateId, { kind: "extensions", extensions: [...extensions] }),
    reInitProposal: ({ stateId, cipherSuite, groupId, extensions }) =>
      propose(stateId, { kind: "reinit", groupId, version: 1, cipherSuite, extensions: [...extensions] }),
    addExternalSigner({ stateId, externalSender }) {
      const { extensions } = memory.get("state", stateId).group
      return propose(stateId, { kind: "extensions", extensions: withExternalSender(extensions, externalSender) })
    },
    commit,
    reInitCommit: commit,
  }
}

function makeCommit(state: OurState, request: Calls["commit"][0]): Calls["commit"][1] {
  const { group, wireFormat, psks } = state
  hearProposals(state, request.byReference)
  const staged = group.stageCommit({
    ...byValue(state, request.byValue),
    pskLookup: lookupOf(psks),
    forcePath: request.forcePath,
    treeInWelcome: !request.externalTree,
    authenticatedData: NO_BYTES,
    random: nodeRandom,
    nowMs: Date.now(),
    wireFormat,
  })
  if (staged.kind === "refused") throw new RefusedError(`commit: ${staged.reason}`)
  // Who asks for a commit of these proposals does not want it without some of them. Our own Update is none of them.
  const missed = staged.leftOut.filter(({ reason }) => reason !== "update_by_committer")
  if (missed.length > 0) {
    group.clear(staged.staged)
    throw new RefusedError(`commit: leaves out ${missed.map(({ reason }) => reason).join(", ")}`)
  }
  state.pending = staged.staged
  return { commit: staged.commit, welcome: staged.welcome ?? NO_BYTES, ratchetTree: staged.ratchetTree ?? NO_BYTES }
}

function byValue({ group }: OurState, descriptions: readonly ProposalDescription[]): Partial<CommitOptions> {
  const adds: Uint8Array[] = []
  const removes: number[] = []
  const psks: PskToInject[] = []
  let extensions: readonly MadeExtension[] | undefined
  for (const description of descriptions) {
    const wanted = wantedBy(description, group.groupId, group.members())
    if (wanted.kind === "add") adds.push(wanted.keyPackage)
    else if (wanted.kind === "remove") removes.push(wanted.leafIndex)
    else if (wanted.kind === "psk") psks.push(wanted.psk)
    else if (wanted.kind === "extensions" && extensions === undefined) extensions = wanted.extensions
    else throw new RangeError(`${wanted.kind} cannot be committed by value here`)
  }
  return { adds, removes, psks, ...(extensions && { extensions }) }
}

/** The proposal that a description asks for. @throws RangeError for an unknown type, or a member who is not there */
export function wantedBy(
  description: ProposalDescription,
  groupId: Uint8Array,
  members: Parameters<typeof leafOf>[0],
): Exclude<ProposalToSend, { readonly kind: "update" }> {
  const { keyPackage, removedId, pskId, epochId, extensions, cipherSuite } = description
  const type = fromUtf8(description.proposalType)
  switch (type) {
    case "add":
      return { kind: "add", keyPackage }
    case "remove":
      return { kind: "remove", leafIndex: leafOf(members, removedId) }
    case "externalPSK":
      return { kind: "psk", psk: { kind: "external", pskId } }
    case "resumptionPSK":
      return { kind: "psk", psk: { kind: "resumption", groupId, epoch: epochId } }
    case "groupContextExtensions":
      return { kind: "extensions", extensions: [...extensions] }
    case "reinit":
      return { kind: "reinit", groupId: description.groupId, version: 1, cipherSuite, extensions: [...extensions] }
    case undefined:
    default:
      throw new RangeError(`no proposal type ${type}`)
  }
}

/** The extensions of the group with one more external sender, who comes last (RFC 9420 §12.1.8.1). */
function withExternalSender(extensions: readonly MadeExtension[], encoded: Uint8Array): MadeExtension[] {
  const { externalSenders } = EXTENSION_TYPES
  const known = findExtension(extensions, externalSenders)
  const senders = known === undefined ? [] : decodeWhole(known, readExternalSenders)
  const added = decodeWhole(encoded, readExternalSender)
  const extensionData = encode((writer) => writeExternalSenders(writer, [...senders, added]))
  const others = extensions.filter(({ extensionType }) => extensionType !== externalSenders)
  return [...others, { extensionType: externalSenders, extensionData }]
}
