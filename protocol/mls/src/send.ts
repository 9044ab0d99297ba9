import type { CipherSuite } from "@qpc/crypto"
import type { Random } from "@qpc/wire"
import { membershipTag, signContent } from "./authenticated-content.ts"
import type { ContentWireFormat } from "./authenticated-content.ts"
import { frameContent } from "./framed-content.ts"
import type { ContentAuth, ContentBody, FramedContent } from "./framed-content.ts"
import type { GroupContext } from "./group-context.ts"
import type { KeptSecrets } from "./key-schedule.ts"
import { encodeMlsMessage } from "./mls-message.ts"
import {
  encodeSenderData,
  privateContentAad,
  REUSE_GUARD_BYTES,
  senderDataAad,
  withPrivateContent,
} from "./private-message.ts"
import type { PaddedBytes, PrivateMessage } from "./private-message.ts"
import { zeroKey } from "./ratchet.ts"
import type { SecretTree } from "./secret-tree.ts"
import { guardedNonce, senderDataKeys } from "./sender-data.ts"

/** What a member needs to speak in an epoch. */
export interface Speaker {
  readonly suite: CipherSuite
  readonly context: GroupContext
  readonly secrets: Pick<KeptSecrets, "senderDataSecret" | "membershipKey">
  readonly secretTree: SecretTree
  readonly leafIndex: number
  readonly signaturePrivateKey: Uint8Array
}

/** Content with its signature, on its way out; a commit's confirmation tag is still missing. */
export interface SignedContent {
  readonly wireFormat: ContentWireFormat
  readonly content: FramedContent
  readonly signature: Uint8Array
}

/** How content is sent. */
export interface Protection {
  readonly random: Random
  /** Default: no padding. Only private messages can be padded. */
  readonly paddedBytes?: PaddedBytes | undefined
}

/** The way of a message down: frame, sign, protect. */
export function send(
  speaker: Speaker,
  wireFormat: ContentWireFormat,
  body: Exclude<ContentBody, { kind: "commit" }>,
  options: Protection & { readonly authenticatedData: Uint8Array },
): Uint8Array {
  const signed = signBody(speaker, wireFormat, body, options.authenticatedData)
  return protect(speaker, signed, { signature: signed.signature, confirmationTag: undefined }, options)
}

/** First half: frames a body and signs it (RFC 9420 §6.1). A commit's confirmation tag depends on the signature. */
export function signBody(
  speaker: Speaker,
  wireFormat: ContentWireFormat,
  body: ContentBody,
  authenticatedData: Uint8Array,
): SignedContent {
  const { suite, context, leafIndex, signaturePrivateKey } = speaker
  if (body.kind === "application" && wireFormat !== "private_message") {
    throw new TypeError("application messages are always encrypted (RFC 9420 §6)")
  }
  const sender = { kind: "member", leafIndex } as const
  const { groupId, epoch } = context
  const content = frameContent({ groupId, epoch, sender, authenticatedData }, body)
  return {
    wireFormat,
    content,
    signature: signContent(suite, signaturePrivateKey, wireFormat, content, context.encoded),
  }
}

/** Second half: protects signed content (RFC 9420 §6.2, §6.3) and returns the MLSMessage. */
export function protect(speaker: Speaker, signed: SignedContent, auth: ContentAuth, options: Protection): Uint8Array {
  return signed.wireFormat === "public_message"
    ? protectPublic(speaker, signed.content, auth)
    : protectPrivate(speaker, signed.content, auth, options)
}

function protectPublic(speaker: Speaker, content: FramedContent, auth: ContentAuth): Uint8Array {
  const { suite, secrets, context } = speaker
  const tag = membershipTag(suite, secrets.membershipKey, content, auth, context.encoded)
  return encodeMlsMessage({ kind: "public_message", message: { content, auth, membershipTag: tag } })
}

function protectPrivate(speaker: Speaker, content: FramedContent, auth: ContentAuth, options: Protection): Uint8Array {
  const { suite, secrets, leafIndex } = speaker
  const { groupId, epoch, authenticatedData, bodyEncoded } = content
  const header = { groupId, epoch, authenticatedData, contentType: content.body.kind }
  // Fresh for each message: if an old state was ever restored, the nonce still differs (RFC 9420 §6.3.1).
  const reuseGuard = options.random(REUSE_GUARD_BYTES)
  const { generation, ciphertext } = withPrivateContent(
    { bodyEncoded, auth },
    options.paddedBytes ?? unpadded,
    (plaintext) => sealContent(speaker, header, plaintext, reuseGuard),
  )
  const senderData = encodeSenderData({ leafIndex, generation, reuseGuard })
  const keys = senderDataKeys(suite, secrets.senderDataSecret, ciphertext)
  const encryptedSenderData = suite.aeadSeal(keys.key, keys.nonce, senderDataAad(header), senderData)
  keys.key.fill(0)
  return encodeMlsMessage({ kind: "private_message", message: { ...header, encryptedSenderData, ciphertext } })
}

/** The key is taken last. Whatever fails before leaves the ratchet alone; what fails after must not have it back. */
function sealContent(
  { suite, secretTree, leafIndex }: Speaker,
  header: Omit<PrivateMessage, "encryptedSenderData" | "ciphertext">,
  plaintext: Uint8Array,
  reuseGuard: Uint8Array,
): { readonly generation: number; readonly ciphertext: Uint8Array } {
  const messageKey = secretTree.take(leafIndex, header.contentType === "application" ? "application" : "handshake")
  const { generation } = messageKey
  const nonce = guardedNonce(messageKey.nonce, reuseGuard)
  const ciphertext = suite.aeadSeal(messageKey.key, nonce, privateContentAad(header), plaintext)
  zeroKey(messageKey)
  return { generation, ciphertext }
}

const unpadded: PaddedBytes = (contentBytes) => contentBytes
