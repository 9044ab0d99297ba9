import type { Random } from "@qpc/wire"
import { proposalRef } from "./authenticated-content.ts"
import { addProposal, pskIdOf, speakerOf } from "./create-commit.ts"
import type { PskToInject } from "./create-commit.ts"
import { credentialJudge } from "./credential-validator.ts"
import type { CredentialReason } from "./credential-validator.ts"
import { customTypeOf } from "./custom-proposal.ts"
import { assertMayEncrypt, countMessage } from "./epoch-usage.ts"
import type { Extension } from "./extension.ts"
import { assertNoGrease } from "./grease.ts"
import type { GroupState } from "./group-state.ts"
import { keyPairFrom } from "./key-package-bundle.ts"
import { signLeafNode } from "./leaf-node.ts"
import { renewLeaf } from "./own-leaf.ts"
import type { LeafRenewal } from "./own-leaf.ts"
import type { PaddedBytes } from "./private-message.ts"
import { ownedProposal } from "./proposal-queue.ts"
import type { Proposal } from "./proposal.ts"
import { protect, signBody } from "./send.ts"
import { holdNextKeys } from "./signature-keys.ts"
import { verifyKeyPackage } from "./validate-key-package.ts"
import type { KeyPackageReason } from "./validate-key-package.ts"

/** What a member may propose (RFC 9420 §12.1). */
export type ProposalToSend =
  /** `keyPackage` as published: an MLSMessage. */
  | { readonly kind: "add"; readonly keyPackage: Uint8Array }
  /** Fresh keys for our own leaf. */
  | ({ readonly kind: "update" } & LeafRenewal)
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
  /** Of a type that `GroupPolicy.customProposals` registers. */
  | { readonly kind: "custom"; readonly type: number; readonly body: Uint8Array }

/** How a proposal is sent. */
export interface ProposeOptions {
  readonly authenticatedData: Uint8Array
  readonly paddedBytes?: PaddedBytes
  readonly random: Random
  /** By which key packages and credentials are judged, in milliseconds since the Unix epoch (RFC 9420 §7.3). */
  readonly nowMs: number
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
      readonly reason: KeyPackageReason | "remove_of_blank_leaf" | "proposal_unsupported" | "too_many_proposals"
    }

/**
 * Sends a proposal and keeps it for the commit that will refer to it (RFC 9420 §12.1).
 *
 * @throws RangeError if the new signature keys of an Update are not a pair, or extensions of the group are GREASE (§13.5)
 * @throws EncryptionLimitError for a private message once the epoch has encrypted what it may
 */
export function propose(state: GroupState, wanted: ProposalToSend, options: ProposeOptions): Proposed {
  if (state.queue.size >= state.limits.queuedProposals) return { kind: "refused", reason: "too_many_proposals" }
  if (options.wireFormat !== "public") assertMayEncrypt(state, 0)
  const outcome = makeProposal(state, wanted, options)
  if (typeof outcome === "string") return { kind: "refused", reason: outcome }
  const { proposal, updateKey } = outcome
  const speaker = speakerOf(state)
  const wireFormat = options.wireFormat === "public" ? "public_message" : "private_message"
  const signed = signBody(speaker, wireFormat, { kind: "proposal", proposal }, options.authenticatedData)
  const auth = { signature: signed.signature, confirmationTag: undefined }
  const message = protect(speaker, signed, auth, options)
  if (wireFormat === "private_message") countMessage(state, message.length)
  const reference = proposalRef(state.suite, { wireFormat, content: signed.content, auth })
  state.queue.add({ reference, proposal, sender: signed.content.sender, updateKey })
  if (wanted.kind === "update" && wanted.newSignatureKeys !== undefined) holdNextKeys(state, wanted.newSignatureKeys)
  return { kind: "proposed", message, reference }
}

type RefusedProposal = Extract<Proposed, { readonly kind: "refused" }>["reason"]

/** A proposal in bytes of its own, and the private key of the leaf if it is an Update. */
interface MadeProposal {
  readonly proposal: Proposal
  readonly updateKey: Uint8Array | undefined
}

function makeProposal(
  state: GroupState,
  wanted: ProposalToSend,
  { random, nowMs }: ProposeOptions,
): MadeProposal | RefusedProposal {
  switch (wanted.kind) {
    case "add":
      return makeAdd(state, wanted.keyPackage, nowMs)
    case "update":
      return makeUpdate(state, wanted, random, nowMs)
    case "remove":
      if (state.epoch.tree.leaf(wanted.leafIndex) === undefined) return "remove_of_blank_leaf"
      return made({ kind: "remove", removed: wanted.leafIndex })
    case "psk":
      return made({ kind: "psk", id: pskIdOf(wanted.psk, random(state.suite.sizes.hashBytes)) })
    case "extensions":
      assertNoGrease(wanted.extensions)
      return made({ kind: "group_context_extensions", extensions: wanted.extensions })
    case "reinit":
      assertNoGrease(wanted.extensions)
      return made(wanted)
    case "custom":
      if (customTypeOf(state.policy.customProposals, wanted) === undefined) return "proposal_unsupported"
      return made(wanted)
  }
}

/** Whoever sends an Add checks it as of now (RFC 9420 §7.3, §10.1); those who receive it need not be in time. */
function makeAdd(
  { suite, limits, policy }: GroupState,
  bytes: Uint8Array,
  nowMs: number,
): MadeProposal | RefusedProposal {
  const add = addProposal(bytes)
  if (add === undefined) return "key_package_malformed"
  const { keyPackage } = add
  const valid = verifyKeyPackage(suite, keyPackage, { nowMs, limitMs: limits.leafLifetimeMs })
  if (valid.kind === "rejected") return valid.reason
  const { credential, signatureKey } = keyPackage.leafNode
  const judge = credentialJudge(policy.credentialValidator, nowMs)
  return judge({ credential, signatureKey, place: "add", predecessor: undefined }) ?? made(add)
}

function made(proposal: Proposal): MadeProposal {
  return { proposal: ownedProposal(proposal), updateKey: undefined }
}

function makeUpdate(
  state: GroupState,
  renewal: LeafRenewal,
  random: Random,
  nowMs: number,
): MadeProposal | CredentialReason {
  const { suite, epoch } = state
  const leaf = renewLeaf(state, renewal, "update", nowMs)
  if (typeof leaf === "string") return leaf
  const { publicKey, privateKey } = keyPairFrom(suite, random)
  const content = { ...leaf.content, encryptionKey: publicKey, leafNodeSource: { kind: "update" } } as const
  const place = { groupId: epoch.context.groupId, leafIndex: epoch.keys.leafIndex }
  const leafNode = signLeafNode(suite, leaf.signaturePrivateKey, content, place)
  return { proposal: { kind: "update", leafNode }, updateKey: privateKey }
}
