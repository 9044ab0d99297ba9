import { decodedOrUndefined, decodeWhole, equalBytes, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { credentialsAreEqual, readCredential, writeCredential } from "./credential.ts"
import type { Credential } from "./credential.ts"
import type { CredentialJudge, CredentialReason } from "./credential-validator.ts"
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

/**
 * Judges the senders that an `external_senders` extension brings in (RFC 9420 §5.3.1, §12.1.8.1); `undefined` if there is
 * nothing against them.
 *
 * @param before - Extensions of the group until now: senders who are in there are not new.
 */
export function judgeExternalSenders(
  judge: CredentialJudge,
  before: readonly Extension[],
  after: readonly Extension[],
): CredentialReason | "external_senders_malformed" | undefined {
  const senders = externalSendersIn(after)
  if (senders === undefined) return "external_senders_malformed"
  const known = externalSendersIn(before) ?? []
  for (const { credential, signatureKey } of senders) {
    const isKnown = known.some((sender) => {
      return equalBytes(sender.signatureKey, signatureKey) && credentialsAreEqual(sender.credential, credential)
    })
    if (isKnown) continue
    const refusal = judge({ credential, signatureKey, place: "external_sender", predecessor: undefined })
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** The senders that a list of extensions names, none where there is no `external_senders`; `undefined` if it does not decode. */
function externalSendersIn(extensions: readonly Extension[]): readonly ExternalSender[] | undefined {
  const encoded = findExtension(extensions, EXTENSION_TYPES.externalSenders)
  if (encoded === undefined) return []
  return decodedOrUndefined(() => decodeWhole(encoded, readExternalSenders))
}
