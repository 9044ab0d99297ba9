import { encode, toUtf8 } from "@qpc/wire"
import { signContent } from "../authenticated-content.ts"
import { EXTENSION_TYPES } from "../extension.ts"
import type { Extension } from "../extension.ts"
import { writeExternalSenders } from "../external-senders.ts"
import { frameContent } from "../framed-content.ts"
import type { ContentBody, Sender } from "../framed-content.ts"
import { encodeMlsMessage } from "../mls-message.ts"
import type { Party } from "./party.ts"

const NO_DATA = new Uint8Array(0)

/** A public message of somebody outside the group, signed by `signer`. For tests only. */
export function outsiders(party: Party, sender: Sender, body: ContentBody, signer: string): Uint8Array {
  const { suite, groupId } = party
  const { epoch } = party.insidesOf("alice")
  const content = frameContent({ groupId, epoch: epoch.context.epoch, sender, authenticatedData: NO_DATA }, body)
  const { privateKey } = party.keysOf(signer)
  const signature = signContent(suite, privateKey, "public_message", content, epoch.context.encoded)
  const confirmationTag = body.kind === "commit" ? new Uint8Array(suite.sizes.hashBytes) : undefined
  const message = { content, auth: { signature, confirmationTag }, membershipTag: undefined }
  return encodeMlsMessage({ kind: "public_message", message })
}

/** The extension of a group that listens to a server. For tests only. */
export function sendersExtension(party: Party, name: string): Extension {
  const credential = { kind: "basic", identity: toUtf8(name) } as const
  const senders = [{ signatureKey: party.keysOf(name).publicKey, credential }]
  return {
    extensionType: EXTENSION_TYPES.externalSenders,
    extensionData: encode((writer) => writeExternalSenders(writer, senders)),
  }
}
