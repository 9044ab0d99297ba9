import type { CipherSuite, KeyPair } from "@qpc/crypto"
import type { Random } from "@qpc/wire"
import { signContent } from "./authenticated-content.ts"
import { addProposal, pskIdOf } from "./create-commit.ts"
import { frameContent } from "./framed-content.ts"
import type { Sender } from "./framed-content.ts"
import { assertNoGrease } from "./grease.ts"
import type { KeyPackageBundle } from "./key-package-bundle.ts"
import { encodeMlsMessage } from "./mls-message.ts"
import type { Proposal } from "./proposal.ts"
import type { ProposalToSend } from "./propose.ts"
import { verifyKeyPackage } from "./validate-key-package.ts"
import { LIFETIME_LIMIT_MS } from "./validate-leaf-node.ts"

/** The epoch of a group that somebody outside speaks to. */
export interface GroupAddress {
  readonly suite: CipherSuite
  readonly groupId: Uint8Array
  readonly epoch: bigint
  readonly authenticatedData: Uint8Array
  /** By which key packages are judged, in milliseconds since the Unix epoch (RFC 9420 §7.3). */
  readonly nowMs: number
}

/** What an external sender needs (RFC 9420 §12.1.8). */
export interface ExternalProposalOptions extends GroupAddress {
  /** Where we are in the `external_senders` of the group. */
  readonly senderIndex: number
  /** That of our entry there. Borrowed. */
  readonly signatureKeys: KeyPair
  readonly random: Random
  /** Longest lifetime of a key package to add, in milliseconds. Default `DEFAULT_LIMITS.leafLifetimeMs`. */
  readonly leafLifetimeMs?: number
}

/**
 * Makes a proposal as an external sender of the group (RFC 9420 §12.1.8.1): an MLSMessage for all members.
 *
 * @throws RangeError if a key package to add is not one or not valid now, or extensions for a group have GREASE
 */
export function proposeExternally(
  wanted: Exclude<ProposalToSend, { readonly kind: "update" }>,
  options: ExternalProposalOptions,
): Uint8Array {
  const proposal = makeProposal(wanted, options)
  const { senderIndex, signatureKeys } = options
  return sendFromOutside(options, { kind: "external", senderIndex }, proposal, signatureKeys)
}

/**
 * Asks to be added to a group (RFC 9420 §12.1.8): an MLSMessage for all members.
 *
 * @throws RangeError if the key package is not valid now (RFC 9420 §7.3)
 */
export function proposeOwnAdd(
  bundle: KeyPackageBundle,
  options: GroupAddress & { readonly signatureKeys: KeyPair },
): Uint8Array {
  const valid = verifyKeyPackage(options.suite, bundle.decoded, { nowMs: options.nowMs })
  if (valid.kind === "rejected") throw new RangeError(`the key package is not valid: ${valid.reason}`)
  const proposal = { kind: "add", keyPackage: bundle.decoded } as const
  return sendFromOutside(options, { kind: "new_member_proposal" }, proposal, options.signatureKeys)
}

function makeProposal(
  wanted: Exclude<ProposalToSend, { readonly kind: "update" }>,
  { suite, random, nowMs, leafLifetimeMs: limitMs = LIFETIME_LIMIT_MS }: ExternalProposalOptions,
): Proposal {
  switch (wanted.kind) {
    case "add": {
      const add = addProposal(wanted.keyPackage)
      if (add === undefined) throw new RangeError("the key package to add is not one")
      const valid = verifyKeyPackage(suite, add.keyPackage, { nowMs, limitMs })
      if (valid.kind === "rejected") throw new RangeError(`the key package to add is not valid: ${valid.reason}`)
      return add
    }
    case "remove":
      return { kind: "remove", removed: wanted.leafIndex }
    case "psk":
      return { kind: "psk", id: pskIdOf(wanted.psk, random(suite.sizes.hashBytes)) }
    case "extensions":
      assertNoGrease(wanted.extensions)
      return { kind: "group_context_extensions", extensions: wanted.extensions }
    case "reinit":
      assertNoGrease(wanted.extensions)
      return wanted
    case "custom":
      return wanted
  }
}

/** Always a public message: nobody outside has the keys for another (RFC 9420 §12.1.8). */
function sendFromOutside(
  { suite, groupId, epoch, authenticatedData }: GroupAddress,
  sender: Sender,
  proposal: Proposal,
  { privateKey }: KeyPair,
): Uint8Array {
  const content = frameContent({ groupId, epoch, sender, authenticatedData }, { kind: "proposal", proposal })
  // The group context is not signed by senders who may not know it (RFC 9420 §6.1).
  const signature = signContent(suite, privateKey, "public_message", content, new Uint8Array(0))
  const auth = { signature, confirmationTag: undefined }
  return encodeMlsMessage({ kind: "public_message", message: { content, auth, membershipTag: undefined } })
}
