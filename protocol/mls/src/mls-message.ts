import { decodeWhole, DecodeError, encode } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { WIRE_FORMATS } from "./authenticated-content.ts"
import { readGroupInfo } from "./group-info.ts"
import type { GroupInfo } from "./group-info.ts"
import { readKeyPackage, writeKeyPackage } from "./key-package.ts"
import type { KeyPackage } from "./key-package.ts"
import { privateMessageBytes, readPrivateMessage, writePrivateMessage } from "./private-message.ts"
import type { PrivateMessage } from "./private-message.ts"
import { MLS_10 } from "./protocol-version.ts"
import { readPublicMessage, writePublicMessage } from "./public-message.ts"
import type { PublicMessage } from "./public-message.ts"
import { readWelcome, writeWelcome } from "./welcome.ts"
import type { Welcome } from "./welcome.ts"

/** Whatever MLS puts on the wire (RFC 9420 §6). */
export type MlsMessage =
  | { readonly kind: "public_message"; readonly message: PublicMessage }
  | { readonly kind: "private_message"; readonly message: PrivateMessage }
  | { readonly kind: "welcome"; readonly message: Welcome }
  | { readonly kind: "group_info"; readonly message: GroupInfo }
  | { readonly kind: "key_package"; readonly message: KeyPackage }

/**
 * Reads an MLSMessage (RFC 9420 §6). Returns views.
 *
 * @throws DecodeError `reserved_value` for another version than mls10 or an unlisted wire format
 */
function readMlsMessage(reader: Reader): MlsMessage {
  const start = reader.offset
  if (reader.uint16() !== MLS_10) throw new DecodeError("reserved_value", start)
  switch (reader.uint16()) {
    case WIRE_FORMATS.public_message:
      return { kind: "public_message", message: readPublicMessage(reader) }
    case WIRE_FORMATS.private_message:
      return { kind: "private_message", message: readPrivateMessage(reader) }
    case WIRE_FORMATS.welcome:
      return { kind: "welcome", message: readWelcome(reader) }
    case WIRE_FORMATS.group_info:
      return { kind: "group_info", message: readGroupInfo(reader) }
    case WIRE_FORMATS.key_package:
      return { kind: "key_package", message: readKeyPackage(reader) }
    default:
      throw new DecodeError("reserved_value", start + 2)
  }
}

/** Writes an MLSMessage (RFC 9420 §6). */
function writeMlsMessage(writer: Writer, message: MlsMessage): void {
  writer.uint16(MLS_10).uint16(WIRE_FORMATS[message.kind])
  switch (message.kind) {
    case "public_message":
      return writePublicMessage(writer, message.message)
    case "private_message":
      return writePrivateMessage(writer, message.message)
    case "welcome":
      return writeWelcome(writer, message.message)
    case "group_info":
      writer.bytes(message.message.encoded)
      return
    case "key_package":
      return writeKeyPackage(writer, message.message)
  }
}

/** Reads an MLSMessage that fills `bytes`. Returns views. @throws DecodeError */
export function decodeMlsMessage(bytes: Uint8Array): MlsMessage {
  return decodeWhole(bytes, readMlsMessage)
}

/**
 * Cuts bytes that hold one MLSMessage after the other, at least one. Returns views.
 *
 * @throws DecodeError if it is not that
 */
export function splitMlsMessages(bytes: Uint8Array): readonly Uint8Array[] {
  const messages: Uint8Array[] = []
  decodeWhole(bytes, (reader) => {
    do {
      const start = reader.offset
      readMlsMessage(reader)
      messages.push(bytes.subarray(start, reader.offset))
    } while (reader.remainingBytes > 0)
  })
  return messages
}

/** The bytes of an MLSMessage. */
export function encodeMlsMessage(message: MlsMessage): Uint8Array {
  return encode((writer) => writeMlsMessage(writer, message), lengthBytesOf(message))
}

/** For the kinds that are made often; `undefined` for the others. */
function lengthBytesOf({ kind, message }: MlsMessage): number | undefined {
  if (kind === "private_message") return 4 + privateMessageBytes(message)
  return kind === "key_package" ? 4 + message.encoded.length : undefined
}
