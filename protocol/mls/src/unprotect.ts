import type { CipherSuite } from "@qpc/crypto"
import { decodedOrUndefined } from "@qpc/wire"
import { membershipTagIsValid, verifyContent } from "./authenticated-content.ts"
import type { AuthenticatedContent, VerifiedContent } from "./authenticated-content.ts"
import { frameEncodedContent } from "./framed-content.ts"
import { decodePrivateContent, decodeSenderData, privateContentAad, senderDataAad } from "./private-message.ts"
import type { PrivateContent, PrivateMessage, SenderData } from "./private-message.ts"
import type { PublicMessage } from "./public-message.ts"
import type { KeyCandidate, KeyMiss, RatchetLimits } from "./ratchet.ts"
import type { SecretTree } from "./secret-tree.ts"
import { guardedNonce, senderDataKeys } from "./sender-data.ts"

/**
 * Why a message's protection did not come off.
 *
 * - `malformed`: what was inside is not a valid encoding.
 * - `decrypt_failed`: an AEAD tag does not verify.
 * - `unknown_sender`: the sender is not a member (RFC 9420 §6.3.2).
 * - `own_message`: we sent it; its key is gone.
 * - `own_message_ahead`: we signed it, but this state cannot have sent it yet: it is older than one that was in use, or a copy
 *   of it is. Stop sending, and join again or wake the newest state.
 * - `bad_membership_tag`, `bad_signature`: RFC 9420 §6.2, §6.1.
 * - `key_consumed`, `generation_too_far`: see {@link KeyMiss}.
 */
export type UnprotectRefusal =
  | KeyMiss
  | "malformed"
  | "decrypt_failed"
  | "unknown_sender"
  | "own_message"
  | "own_message_ahead"
  | "bad_membership_tag"
  | "bad_signature"

/** What a receiver knows about the epoch of a message. */
export interface Listener {
  readonly suite: CipherSuite
  /** The encoded GroupContext. */
  readonly groupContext: Uint8Array
  readonly senderDataSecret: Uint8Array
  readonly secretTree: SecretTree
  readonly ownLeafIndex: number
  readonly limits: RatchetLimits
  /** The signature key of a member, or `undefined` for a blank leaf. */
  readonly signatureKeyOf: (leafIndex: number) => Uint8Array | undefined
}

/** Verified content, with the key that opened it. Whoever takes it ends with `consume` or `release`. */
export interface Unprotected {
  readonly verified: VerifiedContent
  readonly leafIndex: number
  readonly generation: number
  readonly key: KeyCandidate
}

/**
 * Opens a private message (RFC 9420 §6.3): sender data, ratchet, AEAD, signature, in this order.
 *
 * The ratchet has not moved when this returns; the caller consumes the key once it accepts the message as a whole.
 */
export function openPrivate(listener: Listener, message: PrivateMessage): Unprotected | UnprotectRefusal {
  const senderData = openSenderData(listener, message)
  if (typeof senderData === "string") return senderData
  const { leafIndex, generation } = senderData
  const signatureKey = listener.signatureKeyOf(leafIndex)
  if (signatureKey === undefined) return "unknown_sender"
  const kind = message.contentType === "application" ? "application" : "handshake"
  const isOwn = leafIndex === listener.ownLeafIndex
  const key = listener.secretTree.candidate(leafIndex, kind, generation, listener.limits)
  // Of ours, the keys that are behind are gone: none was ever kept for later.
  if (typeof key === "string") return isOwn ? "own_message" : key
  const verified = openContent(listener, message, senderData, key, signatureKey)
  if (isOwn || typeof verified === "string") key.release()
  // Others can claim our leaf and any generation. They cannot sign for us.
  if (isOwn) return typeof verified === "string" ? "own_message" : "own_message_ahead"
  return typeof verified === "string" ? verified : { verified, leafIndex, generation, key }
}

/** Verifies a public message of a member (RFC 9420 §6.2). */
export function openMemberPublic(
  listener: Pick<Listener, "suite" | "groupContext" | "signatureKeyOf">,
  membershipKey: Uint8Array,
  message: PublicMessage,
): VerifiedContent | UnprotectRefusal {
  const { content, auth, membershipTag } = message
  if (content.sender.kind !== "member" || membershipTag === undefined) return "malformed"
  const { suite, groupContext } = listener
  const isMember = membershipTagIsValid(suite, membershipKey, { content, auth, membershipTag }, groupContext)
  if (!isMember) return "bad_membership_tag"
  const signatureKey = listener.signatureKeyOf(content.sender.leafIndex)
  if (signatureKey === undefined) return "unknown_sender"
  const authenticated = { wireFormat: "public_message", content, auth } as const
  return verifyContent(suite, signatureKey, authenticated, groupContext) ?? "bad_signature"
}

function openSenderData(listener: Listener, message: PrivateMessage): SenderData | UnprotectRefusal {
  const { suite, senderDataSecret } = listener
  const { key, nonce } = senderDataKeys(suite, senderDataSecret, message.ciphertext)
  const opened = suite.aeadOpen(key, nonce, senderDataAad(message), message.encryptedSenderData)
  key.fill(0)
  if (opened === undefined) return "decrypt_failed"
  // Foreign bytes behind a valid tag are still foreign: an insider may send anything.
  return decodedOrUndefined(() => decodeSenderData(opened)) ?? "malformed"
}

function openContent(
  listener: Listener,
  message: PrivateMessage,
  { leafIndex, reuseGuard }: SenderData,
  { messageKey }: KeyCandidate,
  signatureKey: Uint8Array,
): VerifiedContent | UnprotectRefusal {
  const nonce = guardedNonce(messageKey.nonce, reuseGuard)
  const opened = listener.suite.aeadOpen(messageKey.key, nonce, privateContentAad(message), message.ciphertext)
  if (opened === undefined) return "decrypt_failed"
  const decoded = decodedOrUndefined(() => decodePrivateContent(opened, message.contentType))
  if (decoded === undefined) return "malformed"
  const authenticated = asSentBy(leafIndex, message, decoded)
  return verifyContent(listener.suite, signatureKey, authenticated, listener.groupContext) ?? "bad_signature"
}

/** The content as its sender signed it: private messages carry header and body apart (RFC 9420 §6.3). */
function asSentBy(leafIndex: number, message: PrivateMessage, decoded: PrivateContent): AuthenticatedContent {
  const { groupId, epoch, authenticatedData } = message
  const header = { groupId, epoch, authenticatedData, sender: { kind: "member", leafIndex } as const }
  const content = frameEncodedContent(header, decoded.body, decoded.bodyEncoded)
  return { wireFormat: "private_message", content, auth: decoded.auth }
}
