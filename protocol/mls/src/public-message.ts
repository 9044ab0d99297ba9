import type { Reader, Writer } from "@qpc/wire"
import { readContentAuth, readFramedContent, writeContentAuth } from "./framed-content.ts"
import type { ContentAuth, FramedContent } from "./framed-content.ts"

/** Signed, not encrypted (RFC 9420 §6.2). */
export interface PublicMessage {
  readonly content: FramedContent
  readonly auth: ContentAuth
  /** Present exactly on messages of members. */
  readonly membershipTag: Uint8Array | undefined
}

/** Reads a PublicMessage (RFC 9420 §6.2). Returns views. @throws DecodeError */
export function readPublicMessage(reader: Reader): PublicMessage {
  const content = readFramedContent(reader)
  const auth = readContentAuth(reader, content.body.kind)
  return { content, auth, membershipTag: content.sender.kind === "member" ? reader.vector() : undefined }
}

/** Writes a PublicMessage (RFC 9420 §6.2). */
export function writePublicMessage(writer: Writer, message: PublicMessage): void {
  if ((message.membershipTag === undefined) === (message.content.sender.kind === "member")) {
    throw new TypeError("members, and nobody else, send a membership tag")
  }
  writer.bytes(message.content.encoded)
  writeContentAuth(writer, message.auth)
  if (message.membershipTag !== undefined) writer.vector(message.membershipTag)
}
