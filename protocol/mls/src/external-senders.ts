import { decodeWhole, DecodeError, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { readCredential, writeCredential } from "./credential.ts"
import type { Credential } from "./credential.ts"
import { EXTENSION_TYPES, findExtension } from "./extension.ts"
import type { Extension } from "./extension.ts"

/** Someone outside the group who may propose (RFC 9420 §12.1.8.1). */
export interface ExternalSender {
  readonly signatureKey: Uint8Array
  readonly credential: Credential
}

/** Reads an ExternalSender (RFC 9420 §12.1.8.1). Returns views. */
export function readExternalSender(reader: Reader): ExternalSender {
  return { signatureKey: reader.vector(), credential: readCredential(reader) }
}

/** Writes an ExternalSender (RFC 9420 §12.1.8.1). */
export function writeExternalSender(writer: Writer, { signatureKey, credential }: ExternalSender): void {
  writer.vector(signatureKey)
  writeCredential(writer, credential)
}

/** Reads the content of an `external_senders` extension (RFC 9420 §12.1.8.1). Returns views. */
export function readExternalSenders(reader: Reader): ExternalSender[] {
  return readList(reader, readExternalSender)
}

/** Writes the content of an `external_senders` extension (RFC 9420 §12.1.8.1). */
export function writeExternalSenders(writer: Writer, senders: readonly ExternalSender[]): void {
  writer.list(senders, writeExternalSender)
}

/** True unless a list of extensions has an `external_senders` that does not decode (RFC 9420 §12.1.8.1). */
export function externalSendersDecode(extensions: readonly Extension[]): boolean {
  const encoded = findExtension(extensions, EXTENSION_TYPES.externalSenders)
  if (encoded === undefined) return true
  try {
    decodeWhole(encoded, readExternalSenders)
    return true
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}
