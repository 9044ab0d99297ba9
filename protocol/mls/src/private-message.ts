import { decodeWhole, DecodeError, encode, vectorBytes, withScratch, Writer } from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import {
  CONTENT_TYPES,
  contentAuthBytes,
  readContentAuth,
  readContentBody,
  readContentType,
  writeContentAuth,
} from "./framed-content.ts"
import type { ContentAuth, ContentBody, ContentType } from "./framed-content.ts"

/** Signed and encrypted (RFC 9420 §6.3). */
export interface PrivateMessage {
  readonly groupId: Uint8Array
  readonly epoch: bigint
  readonly contentType: ContentType
  readonly authenticatedData: Uint8Array
  readonly encryptedSenderData: Uint8Array
  readonly ciphertext: Uint8Array
}

/** Which key of which ratchet sealed a message (RFC 9420 §6.3.2). */
export interface SenderData {
  readonly leafIndex: number
  readonly generation: number
  readonly reuseGuard: Uint8Array
}

/** Length of {@link SenderData.reuseGuard}. */
export const REUSE_GUARD_BYTES = 4

/** What the ciphertext of a private message holds (RFC 9420 §6.3.1), without its padding. */
export interface PrivateContent {
  readonly body: ContentBody
  readonly bodyEncoded: Uint8Array
  readonly auth: ContentAuth
}

/** Reads a PrivateMessage (RFC 9420 §6.3). Returns views. @throws DecodeError */
export function readPrivateMessage(reader: Reader): PrivateMessage {
  return {
    groupId: reader.vector(),
    epoch: reader.uint64(),
    contentType: readContentType(reader),
    authenticatedData: reader.vector(),
    encryptedSenderData: reader.vector(),
    ciphertext: reader.vector(),
  }
}

/** Writes a PrivateMessage (RFC 9420 §6.3). */
export function writePrivateMessage(writer: Writer, message: PrivateMessage): void {
  writeSenderDataAad(writer, message)
  writer.vector(message.authenticatedData).vector(message.encryptedSenderData).vector(message.ciphertext)
}

/** How many bytes {@link writePrivateMessage} writes. */
export function privateMessageBytes(message: PrivateMessage): number {
  const { authenticatedData, encryptedSenderData, ciphertext } = message
  const parts = [authenticatedData, encryptedSenderData, ciphertext]
  return parts.reduce((total, part) => total + vectorBytes(part.length), senderDataAadBytes(message))
}

/** What of a message the sender data is bound to. */
type SenderDataHeader = Pick<PrivateMessage, "groupId" | "epoch" | "contentType">

/** Additional data of the sender data's encryption, SenderDataAAD (RFC 9420 §6.3.2). */
export function senderDataAad(message: SenderDataHeader): Uint8Array {
  return encode((writer) => writeSenderDataAad(writer, message), senderDataAadBytes(message))
}

/** Additional data of the content's encryption, PrivateContentAAD (RFC 9420 §6.3.1). */
export function privateContentAad(message: SenderDataHeader & Pick<PrivateMessage, "authenticatedData">): Uint8Array {
  const { authenticatedData } = message
  return encode(
    (writer) => {
      writeSenderDataAad(writer, message)
      writer.vector(authenticatedData)
    },
    senderDataAadBytes(message) + vectorBytes(authenticatedData.length),
  )
}

function writeSenderDataAad(writer: Writer, { groupId, epoch, contentType }: SenderDataHeader): void {
  writer.vector(groupId).uint64(epoch).uint8(CONTENT_TYPES[contentType])
}

function senderDataAadBytes({ groupId }: SenderDataHeader): number {
  return vectorBytes(groupId.length) + 8 + 1
}

/** Reads a SenderData that fills `bytes` (RFC 9420 §6.3.2). @throws DecodeError */
export function decodeSenderData(bytes: Uint8Array): SenderData {
  return decodeWhole(bytes, (reader) => ({
    leafIndex: reader.uint32(),
    generation: reader.uint32(),
    reuseGuard: reader.bytes(REUSE_GUARD_BYTES),
  }))
}

/** The bytes of a SenderData (RFC 9420 §6.3.2). */
export function encodeSenderData(data: SenderData): Uint8Array {
  return encode(
    (writer) => writer.uint32(data.leafIndex).uint32(data.generation).bytes(data.reuseGuard),
    4 + 4 + REUSE_GUARD_BYTES,
  )
}

/**
 * Reads a PrivateMessageContent that fills `bytes` (RFC 9420 §6.3.1). Returns views.
 *
 * @throws DecodeError `bad_value` if the padding has a byte that is not zero: it must not carry anything
 */
export function decodePrivateContent(bytes: Uint8Array, contentType: ContentType): PrivateContent {
  return decodeWhole(bytes, (reader) => {
    const body = readContentBody(reader, contentType)
    const bodyEncoded = reader.since(0)
    const auth = readContentAuth(reader, contentType)
    const paddingStart = reader.offset
    const padding = reader.bytes(reader.remainingBytes)
    if (padding.some((byte) => byte !== 0)) throw new DecodeError("bad_value", paddingStart)
    return { body, bodyEncoded, auth }
  })
}

/**
 * Lends the bytes of a PrivateMessageContent (RFC 9420 §6.3.1), padded with zeros, to `use`, which must not keep them.
 *
 * @param paddedBytes - From the length without padding to the length with it; see {@link PaddedBytes}.
 */
export function withPrivateContent<T>(
  { bodyEncoded, auth }: Pick<PrivateContent, "bodyEncoded" | "auth">,
  paddedBytes: PaddedBytes,
  use: (content: Uint8Array) => T,
): T {
  const unpaddedBytes = bodyEncoded.length + contentAuthBytes(auth)
  const padded = paddedBytes(unpaddedBytes)
  if (!Number.isInteger(padded) || padded < unpaddedBytes) {
    throw new RangeError(`cannot pad ${unpaddedBytes} bytes to ${padded}`)
  }
  return withScratch(padded, (scratch) => {
    writeContentAuth(new Writer(scratch).bytes(bodyEncoded), auth)
    return use(scratch)
  })
}

/** Says how long a content of `contentBytes` shall become by padding (RFC 9420 §15.1): at least as long as it is. */
export type PaddedBytes = (contentBytes: number) => number
