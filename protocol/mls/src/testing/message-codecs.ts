import { decodeWhole, encode, toUtf8 } from "@qpc/wire"
import { decodeAuthenticatedContent, encodeAuthenticatedContent } from "../authenticated-content.ts"
import { frameContent } from "../framed-content.ts"
import type { ContentAuth, ContentBody, Sender } from "../framed-content.ts"
import { makeGroupContext, readGroupContext } from "../group-context.ts"
import { decodeGroupInfo, signGroupInfo } from "../group-info.ts"
import { decodeMlsMessage, encodeMlsMessage } from "../mls-message.ts"
import { decodePrivateContent, decodeSenderData, encodeSenderData, withPrivateContent } from "../private-message.ts"
import { decodeGroupSecrets, encodeGroupSecrets } from "../welcome.ts"
import type { Codec } from "./codec.ts"
import { Party } from "./party.ts"

const NO_DATA = new Uint8Array(0)
const auth = { signature: new Uint8Array(64), confirmationTag: undefined }
const application: ContentBody = { kind: "application", data: toUtf8("text") }
const extensions = [{ extensionType: 1, extensionData: toUtf8("id") }]

/** One valid encoding of every kind of message and of what messages hold. Makes a group to get them. */
// A table of samples: cutting it would only hide which are missing.
// oxlint-disable-next-line max-lines-per-function
export function messageCodecs(): Readonly<Record<string, Codec>> {
  const party = Party.of("codecs", ["alice", "bob", "carol"])
  const { epoch, signaturePrivateKey } = party.insidesOf("alice")
  const { welcome = NO_DATA, commit } = party.stage("alice", {
    adds: [party.keyPackage("dave").keyPackage],
    wireFormat: "public",
    forcePath: true,
  })
  return {
    commit: { decoder: "MLSMessage", valid: commit, rewrite: (bytes) => encodeMlsMessage(decodeMlsMessage(bytes)) },
    welcome: { decoder: "MLSMessage", valid: welcome, rewrite: (bytes) => encodeMlsMessage(decodeMlsMessage(bytes)) },
    private: {
      decoder: "MLSMessage",
      valid: party.say("bob", "hello"),
      rewrite: (bytes) => encodeMlsMessage(decodeMlsMessage(bytes)),
    },
    "key package": {
      decoder: "MLSMessage",
      valid: party.keyPackage("erin").keyPackage,
      rewrite: (bytes) => encodeMlsMessage(decodeMlsMessage(bytes)),
    },
    ...Object.fromEntries(
      (
        [
          { kind: "member", leafIndex: 1 },
          { kind: "external", senderIndex: 1 },
          { kind: "new_member_proposal" },
          { kind: "new_member_commit" },
        ] as const
      ).map((sender) => [
        `content of ${sender.kind}`,
        {
          decoder: "AuthenticatedContent",
          valid: contentOf(party.groupId, sender),
          rewrite: (bytes: Uint8Array) => encodeAuthenticatedContent(decodeAuthenticatedContent(bytes)),
        },
      ]),
    ),
    "group info": {
      valid: signGroupInfo(party.suite, signaturePrivateKey, {
        groupContext: epoch.context,
        extensions,
        confirmationTag: epoch.confirmationTag,
        signer: 0,
      }).encoded,
      rewrite: (bytes) => decodeGroupInfo(bytes).encoded,
    },
    "group context": {
      valid: makeGroupContext({ ...epoch.context, extensions }).encoded,
      rewrite: (bytes) => makeGroupContext(decodeWhole(bytes, readGroupContext)).encoded,
    },
    "group secrets": {
      valid: encodeGroupSecrets({
        joinerSecret: new Uint8Array(32),
        pathSecret: new Uint8Array(32),
        psks: [{ kind: "external", pskId: toUtf8("id"), pskNonce: new Uint8Array(32) }],
      }),
      rewrite: (bytes) => encodeGroupSecrets(decodeGroupSecrets(bytes)),
    },
    "sender data": {
      valid: encodeSenderData({ leafIndex: 1, generation: 2, reuseGuard: Uint8Array.of(1, 2, 3, 4) }),
      rewrite: (bytes) => encodeSenderData(decodeSenderData(bytes)),
    },
    "private content": {
      valid: privateContent(
        encode((writer) => writer.vector(toUtf8("text"))),
        auth,
        256,
      ),
      rewrite: (bytes) => {
        const content = decodePrivateContent(bytes, "application")
        return privateContent(content.bodyEncoded, content.auth, bytes.length)
      },
    },
  }
}

function privateContent(bodyEncoded: Uint8Array, ofAuth: ContentAuth, paddedBytes: number): Uint8Array {
  return withPrivateContent(
    { bodyEncoded, auth: ofAuth },
    () => paddedBytes,
    (content) => content.slice(),
  )
}

function contentOf(groupId: Uint8Array, sender: Sender): Uint8Array {
  const header = { groupId, epoch: 1n, sender, authenticatedData: NO_DATA }
  return encodeAuthenticatedContent({ wireFormat: "public_message", content: frameContent(header, application), auth })
}
