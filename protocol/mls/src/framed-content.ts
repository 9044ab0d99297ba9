import { DecodeError, vectorBytes, Writer } from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import { readCommit, writeCommit } from "./commit.ts"
import type { Commit } from "./commit.ts"
import { readProposal, writeProposal } from "./proposal.ts"
import type { Proposal } from "./proposal.ts"

/** ContentType code points (RFC 9420 §6). */
export const CONTENT_TYPES = { application: 1, proposal: 2, commit: 3 } as const

/** What a message carries (RFC 9420 §6). */
export type ContentType = keyof typeof CONTENT_TYPES

/** Who a message claims to come from (RFC 9420 §6). */
export type Sender =
  | { readonly kind: "member"; readonly leafIndex: number }
  | { readonly kind: "external"; readonly senderIndex: number }
  | { readonly kind: "new_member_proposal" }
  | { readonly kind: "new_member_commit" }

/** The content proper (RFC 9420 §6). */
export type ContentBody =
  | { readonly kind: "application"; readonly data: Uint8Array }
  | { readonly kind: "proposal"; readonly proposal: Proposal }
  | { readonly kind: "commit"; readonly commit: Commit }

/** The fields around a body, which every message has (RFC 9420 §6). */
export interface ContentHeader {
  readonly groupId: Uint8Array
  readonly epoch: bigint
  readonly sender: Sender
  readonly authenticatedData: Uint8Array
}

/** What is signed, hashed and protected (RFC 9420 §6). Encoded once: signatures and transcripts use the same bytes. */
export interface FramedContent extends ContentHeader {
  readonly body: ContentBody
  readonly bodyEncoded: Uint8Array
  readonly encoded: Uint8Array
}

/** A signature, and on commits the proof of a common state (RFC 9420 §6.1, FramedContentAuthData). */
export interface ContentAuth {
  readonly signature: Uint8Array
  /** Present exactly on commits. */
  readonly confirmationTag: Uint8Array | undefined
}

/** Frames a body for sending. */
export function frameContent(header: ContentHeader, body: ContentBody): FramedContent {
  const bodyBytes = body.kind === "application" ? vectorBytes(body.data.length) : 0
  const writer = new Writer(headerBytes(header) + bodyBytes)
  writeHeader(writer, header, body.kind)
  const bodyStart = writer.lengthBytes
  writeContentBody(writer, body)
  const encoded = writer.take()
  return framed(header, body, encoded.subarray(bodyStart), encoded)
}

/** Frames a body whose encoding is known, because it was just read. Takes ownership of `bodyEncoded`. */
export function frameEncodedContent(header: ContentHeader, body: ContentBody, bodyEncoded: Uint8Array): FramedContent {
  const writer = new Writer(headerBytes(header) + bodyEncoded.length)
  writeHeader(writer, header, body.kind)
  return framed(header, body, bodyEncoded, writer.bytes(bodyEncoded).take())
}

function framed(
  { groupId, epoch, sender, authenticatedData }: ContentHeader,
  body: ContentBody,
  bodyEncoded: Uint8Array,
  encoded: Uint8Array,
): FramedContent {
  return { groupId, epoch, sender, authenticatedData, body, bodyEncoded, encoded }
}

function writeHeader(writer: Writer, header: ContentHeader, contentType: ContentType): void {
  writer.vector(header.groupId).uint64(header.epoch)
  writeSender(writer, header.sender)
  writer.vector(header.authenticatedData).uint8(CONTENT_TYPES[contentType])
}

/** What {@link writeHeader} writes; exact for members, whose messages are the many. */
function headerBytes({ groupId, authenticatedData }: ContentHeader): number {
  return vectorBytes(groupId.length) + 8 + (1 + 4) + vectorBytes(authenticatedData.length) + 1
}

/** Reads a FramedContent (RFC 9420 §6). Returns views. @throws DecodeError */
export function readFramedContent(reader: Reader): FramedContent {
  const start = reader.offset
  const groupId = reader.vector()
  const epoch = reader.uint64()
  const sender = readSender(reader)
  const authenticatedData = reader.vector()
  const contentType = readContentType(reader)
  const bodyStart = reader.offset
  const body = readContentBody(reader, contentType)
  const bodyEncoded = reader.since(bodyStart)
  return { groupId, epoch, sender, authenticatedData, body, bodyEncoded, encoded: reader.since(start) }
}

/** Reads a content type (RFC 9420 §6). @throws DecodeError `reserved_value` for an unlisted one */
export function readContentType(reader: Reader): ContentType {
  const start = reader.offset
  switch (reader.uint8()) {
    case CONTENT_TYPES.application:
      return "application"
    case CONTENT_TYPES.proposal:
      return "proposal"
    case CONTENT_TYPES.commit:
      return "commit"
    default:
      throw new DecodeError("reserved_value", start)
  }
}

/** Reads the body of a message whose type is known. Returns views. @throws DecodeError */
export function readContentBody(reader: Reader, contentType: ContentType): ContentBody {
  switch (contentType) {
    case "application":
      return { kind: contentType, data: reader.vector() }
    case "proposal":
      return { kind: contentType, proposal: readProposal(reader) }
    case "commit":
      return { kind: contentType, commit: readCommit(reader) }
  }
}

/** Writes a body, without its type. */
function writeContentBody(writer: Writer, body: ContentBody): void {
  switch (body.kind) {
    case "application":
      writer.vector(body.data)
      return
    case "proposal":
      return writeProposal(writer, body.proposal)
    case "commit":
      return writeCommit(writer, body.commit)
  }
}

/** Reads FramedContentAuthData of a content type (RFC 9420 §6.1). Returns views. */
export function readContentAuth(reader: Reader, contentType: ContentType): ContentAuth {
  const signature = reader.vector()
  return { signature, confirmationTag: contentType === "commit" ? reader.vector() : undefined }
}

/** Writes FramedContentAuthData (RFC 9420 §6.1). */
export function writeContentAuth(writer: Writer, auth: ContentAuth): void {
  writer.vector(auth.signature)
  if (auth.confirmationTag !== undefined) writer.vector(auth.confirmationTag)
}

/** How many bytes {@link writeContentAuth} writes. */
export function contentAuthBytes({ signature, confirmationTag }: ContentAuth): number {
  return vectorBytes(signature.length) + (confirmationTag === undefined ? 0 : vectorBytes(confirmationTag.length))
}

/** Reads a Sender (RFC 9420 §6). @throws DecodeError `reserved_value` for an unlisted type */
export function readSender(reader: Reader): Sender {
  const start = reader.offset
  switch (reader.uint8()) {
    case 1:
      return { kind: "member", leafIndex: reader.uint32() }
    case 2:
      return { kind: "external", senderIndex: reader.uint32() }
    case 3:
      return { kind: "new_member_proposal" }
    case 4:
      return { kind: "new_member_commit" }
    default:
      throw new DecodeError("reserved_value", start)
  }
}

/** Writes a Sender (RFC 9420 §6). */
export function writeSender(writer: Writer, sender: Sender): void {
  switch (sender.kind) {
    case "member":
      writer.uint8(1).uint32(sender.leafIndex)
      return
    case "external":
      writer.uint8(2).uint32(sender.senderIndex)
      return
    case "new_member_proposal":
      writer.uint8(3)
      return
    case "new_member_commit":
      writer.uint8(4)
  }
}
