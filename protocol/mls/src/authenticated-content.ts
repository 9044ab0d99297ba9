import type { CipherSuite } from "@qpc/crypto"
import { constantTimeEqual, decodeWhole, DecodeError, encode, Writer } from "@qpc/wire"
import type { Brand, Reader } from "@qpc/wire"
import { readContentAuth, readFramedContent, writeContentAuth } from "./framed-content.ts"
import type { ContentAuth, FramedContent } from "./framed-content.ts"
import { refHash, signWithLabel, verifyWithLabel } from "./labels.ts"
import { MLS_10 } from "./protocol-version.ts"

/** WireFormat code points (RFC 9420 §17.2). */
export const WIRE_FORMATS = {
  public_message: 1,
  private_message: 2,
  welcome: 3,
  group_info: 4,
  key_package: 5,
} as const

/** The two forms in which content travels (RFC 9420 §6). The signature covers which one it was. */
export type ContentWireFormat = "public_message" | "private_message"

/** A message without its outer protection (RFC 9420 §6): what signatures, references and transcripts cover. */
export interface AuthenticatedContent {
  readonly wireFormat: ContentWireFormat
  readonly content: FramedContent
  readonly auth: ContentAuth
}

/** Content whose outer protection and signature were verified. Only {@link verifyContent} makes one. */
export type VerifiedContent = Brand<AuthenticatedContent, "VerifiedContent">

/**
 * Signs content (RFC 9420 §6.1).
 *
 * @param groupContext - The encoded GroupContext of the current epoch.
 */
export function signContent(
  suite: CipherSuite,
  privateKey: Uint8Array,
  wireFormat: ContentWireFormat,
  content: FramedContent,
  groupContext: Uint8Array,
): Uint8Array {
  return signWithLabel(suite, privateKey, "FramedContentTBS", contentToBeSigned(wireFormat, content, groupContext))
}

/**
 * Checks the signature (RFC 9420 §6.1). The outer protection must have been checked before.
 *
 * @param signatureKey - The key that §6.1 names for the sender's type.
 */
export function verifyContent(
  suite: CipherSuite,
  signatureKey: Uint8Array,
  authenticated: AuthenticatedContent,
  groupContext: Uint8Array,
): VerifiedContent | undefined {
  const { wireFormat, content, auth } = authenticated
  const signed = contentToBeSigned(wireFormat, content, groupContext)
  const isValid = verifyWithLabel(suite, signatureKey, "FramedContentTBS", signed, auth.signature)
  return isValid ? (authenticated as VerifiedContent) : undefined
}

/** The proof that a public message comes from a member (RFC 9420 §6.2). */
export function membershipTag(
  suite: CipherSuite,
  membershipKey: Uint8Array,
  content: FramedContent,
  auth: ContentAuth,
  groupContext: Uint8Array,
): Uint8Array {
  const writer = new Writer()
  for (const piece of contentToBeSigned("public_message", content, groupContext)) writer.bytes(piece)
  writeContentAuth(writer, auth)
  return suite.mac(membershipKey, writer.view())
}

/** True if the membership tag is the right one (RFC 9420 §6.2). */
export function membershipTagIsValid(
  suite: CipherSuite,
  membershipKey: Uint8Array,
  message: { readonly content: FramedContent; readonly auth: ContentAuth; readonly membershipTag: Uint8Array },
  groupContext: Uint8Array,
): boolean {
  const expected = membershipTag(suite, membershipKey, message.content, message.auth, groupContext)
  return constantTimeEqual(expected, message.membershipTag)
}

/** ProposalRef (RFC 9420 §5.2): the name under which a commit covers a proposal sent before. */
export function proposalRef(suite: CipherSuite, authenticated: AuthenticatedContent): Uint8Array {
  return refHash(suite, "MLS 1.0 Proposal Reference", encodeAuthenticatedContent(authenticated))
}

/** The bytes of an AuthenticatedContent (RFC 9420 §6). */
export function encodeAuthenticatedContent(authenticated: AuthenticatedContent): Uint8Array {
  return encode((writer) => {
    writer.uint16(WIRE_FORMATS[authenticated.wireFormat]).bytes(authenticated.content.encoded)
    writeContentAuth(writer, authenticated.auth)
  })
}

/** Reads an AuthenticatedContent that fills `bytes` (RFC 9420 §6). Returns views. @throws DecodeError */
export function decodeAuthenticatedContent(bytes: Uint8Array): AuthenticatedContent {
  return decodeWhole(bytes, (reader) => {
    const wireFormat = readContentWireFormat(reader)
    const content = readFramedContent(reader)
    return { wireFormat, content, auth: readContentAuth(reader, content.body.kind) }
  })
}

/** Version and wire format, with which every FramedContentTBS begins. */
const SIGNED_STARTS: Readonly<Record<ContentWireFormat, Uint8Array>> = {
  public_message: Uint8Array.of(0, MLS_10, 0, WIRE_FORMATS.public_message),
  private_message: Uint8Array.of(0, MLS_10, 0, WIRE_FORMATS.private_message),
}

/** FramedContentTBS (RFC 9420 §6.1), in pieces: members sign for one epoch of one group, outsiders cannot. */
function contentToBeSigned(
  wireFormat: ContentWireFormat,
  content: FramedContent,
  groupContext: Uint8Array,
): readonly Uint8Array[] {
  const isBoundToEpoch = content.sender.kind === "member" || content.sender.kind === "new_member_commit"
  const start = SIGNED_STARTS[wireFormat]
  return isBoundToEpoch ? [start, content.encoded, groupContext] : [start, content.encoded]
}

function readContentWireFormat(reader: Reader): ContentWireFormat {
  const start = reader.offset
  switch (reader.uint16()) {
    case WIRE_FORMATS.public_message:
      return "public_message"
    case WIRE_FORMATS.private_message:
      return "private_message"
    default:
      throw new DecodeError("reserved_value", start)
  }
}
