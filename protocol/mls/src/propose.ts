import type { Random } from "@qpc/wire"
import { proposalRef } from "./authenticated-content.ts"
import { addProposal, pskIdOf, speakerOf } from "./create-commit.ts"
import type { PskToInject } from "./create-commit.ts"
import type { Extension } from "./extension.ts"
import type { GroupState } from "./group-state.ts"
import { keyPairFrom } from "./key-package-bundle.ts"
import { signLeafNode } from "./leaf-node.ts"
import type { PaddedBytes } from "./private-message.ts"
import { ownedProposal } from "./proposal-queue.ts"
import type { Proposal } from "./proposal.ts"
import { protect, signBody } from "./send.ts"

/** What a member may propose (RFC 9420 §12.1). */
export type ProposalToSend =
  /** `keyPackage` as published: an MLSMessage. */
  | { readonly kind: "add"; readonly keyPackage: Uint8Array }
  /** Fresh keys for our own leaf. */
  | { readonly kind: "update" }
  | { readonly kind: "remove"; readonly leafIndex: number }
  | { readonly kind: "psk"; readonly psk: PskToInject }
  | { readonly kind: "extensions"; readonly extensions: readonly Extension[] }
  | {
      readonly kind: "reinit"
      readonly groupId: Uint8Array
      readonly version: number
      readonly cipherSuite: number
      readonly extensions: readonly Extension[]
    }

/** How a proposal is sent. */
export interface ProposeOptions {
  readonly authenticatedData: Uint8Array
  readonly paddedBytes?: PaddedBytes
  readonly random: Random
  /** Default `private`. */
  readonly wireFormat?: "private" | "public"
}

/** A proposal that is on its way, or why it was not made. */
export type Proposed =
  | {
      readonly kind: "proposed"
      /** MLSMessage. */
      readonly message: Uint8Array
      /** ProposalRef (RFC 9420 §5.2). */
      readonly reference: Uint8Array
    }
  | {
      readonly kind: "refused"
      readonly reason: "key_package_malformed" | "remove_of_blank_leaf" | "too_many_proposals"
    }

/** Sends a proposal and keeps it for the commit that will refer to it (RFC 9420 §12.1). */
export function propose(state: GroupState, wanted: ProposalToSend, options: ProposeOptions): Proposed {
  if (state.queue.size >= state.limits.queuedProposals) return { kind: "refused", reason: "too_many_proposals" }
  const outcome = makeProposal(state, wanted, options.random)
  if (typeof outcome === "string") return { kind: "refused", reason: outcome }
  const { proposal, updateKey } = outcome
  const speaker = speakerOf(state)
  const wireFormat = options.wireFormat === "public" ? "public_message" : "private_message"
  const signed = signBody(speaker, wireFormat, { kind: "proposal", proposal }, options.authenticatedData)
  const auth = { signature: signed.signature, confirmationTag: undefined }
  const message = protect(speaker, signed, auth, options)
  const reference = proposalRef(state.suite, { wireFormat, content: signed.content, auth })
  state.queue.add({ reference, proposal, sender: signed.content.sender, updateKey })
  return { kind: "proposed", message, reference }
}

/** A proposal in bytes of its own, and the private key of the leaf if it is an Update. */
interface MadeProposal {
  readonly proposal: Proposal
  readonly updateKey: Uint8Array | undefined
}

function makeProposal(
  state: GroupState,
  wanted: ProposalToSend,
  random: Random,
): MadeProposal | Extract<Proposed, { readonly kind: "refused" }>["reason"] {
  switch (wanted.kind) {
    case "add": {
      const add = addProposal(wanted.keyPackage)
      return add === undefined ? "key_package_malformed" : made(add)
    }
    case "update":
      return makeUpdate(state, random)
    case "remove":
      if (state.epoch.tree.leaf(wanted.leafIndex) === undefined) return "remove_of_blank_leaf"
      return made({ kind: "remove", removed: wanted.leafIndex })
    case "psk":
      return made({ kind: "psk", id: pskIdOf(wanted.psk, random(state.suite.sizes.hashBytes)) })
    case "extensions":
      return made({ kind: "group_context_extensions", extensions: wanted.extensions })
    case "reinit":
      return made(wanted)
  }
}

function made(proposal: Proposal): MadeProposal {
  return { proposal: ownedProposal(proposal), updateKey: undefined }
}

function makeUpdate(state: GroupState, random: Random): MadeProposal {
  const { suite, epoch, signaturePrivateKey } = state
  const leaf = epoch.tree.leaf(epoch.keys.leafIndex)
  if (leaf === undefined) throw new Error("unreachable: our own leaf is blank")
  const { signatureKey, credential, capabilities, extensions } = leaf
  const { publicKey, privateKey } = keyPairFrom(suite, random)
  const content = { encryptionKey: publicKey, signatureKey, credential, capabilities, extensions }
  const place = { groupId: epoch.context.groupId, leafIndex: epoch.keys.leafIndex }
  const leafNode = signLeafNode(suite, signaturePrivateKey, { ...content, leafNodeSource: { kind: "update" } }, place)
  return { proposal: { kind: "update", leafNode }, updateKey: privateKey }
}
