import { DecodeError, decodeWhole, encode, equalBytes, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { decodeAuthenticatedContent, encodeAuthenticatedContent } from "./authenticated-content.ts"
import { frameContent } from "./framed-content.ts"
import type { ContentAuth, ContentBody, Sender } from "./framed-content.ts"
import { makeGroupContext, readGroupContext } from "./group-context.ts"
import { decodeGroupInfo, signGroupInfo } from "./group-info.ts"
import { decodeMlsMessage, encodeMlsMessage } from "./mls-message.ts"
import { decodePrivateContent, decodeSenderData, encodeSenderData, withPrivateContent } from "./private-message.ts"
import { Party } from "./testing/party.ts"
import { decodeGroupSecrets, encodeGroupSecrets } from "./welcome.ts"

const NO_DATA = new Uint8Array(0)
const party = Party.of("codecs", ["alice", "bob", "carol"])
const { epoch, signaturePrivateKey } = party.insidesOf("alice")
const { welcome = NO_DATA, commit } = party.stage("alice", {
  adds: [party.keyPackage("dave").keyPackage],
  wireFormat: "public",
  forcePath: true,
})
const auth = { signature: new Uint8Array(64), confirmationTag: undefined }
const application: ContentBody = { kind: "application", data: toUtf8("text") }

const privateContent = (bodyEncoded: Uint8Array, ofAuth: ContentAuth, paddedBytes: number): Uint8Array =>
  withPrivateContent(
    { bodyEncoded, auth: ofAuth },
    () => paddedBytes,
    (content) => content.slice(),
  )

const contentOf = (sender: Sender): Uint8Array => {
  const header = { groupId: party.groupId, epoch: 1n, sender, authenticatedData: NO_DATA }
  return encodeAuthenticatedContent({ wireFormat: "public_message", content: frameContent(header, application), auth })
}
const extensions = [{ extensionType: 1, extensionData: toUtf8("id") }]

/** One valid encoding of everything, and a function that decodes and encodes again. */
const codecs: Readonly<Record<string, { valid: Uint8Array; again: (bytes: Uint8Array) => Uint8Array }>> = {
  commit: { valid: commit, again: (bytes) => encodeMlsMessage(decodeMlsMessage(bytes)) },
  welcome: { valid: welcome, again: (bytes) => encodeMlsMessage(decodeMlsMessage(bytes)) },
  private: { valid: party.say("bob", "hello"), again: (bytes) => encodeMlsMessage(decodeMlsMessage(bytes)) },
  "key package": {
    valid: party.keyPackage("erin").keyPackage,
    again: (bytes) => encodeMlsMessage(decodeMlsMessage(bytes)),
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
        valid: contentOf(sender),
        again: (bytes: Uint8Array) => encodeAuthenticatedContent(decodeAuthenticatedContent(bytes)),
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
    again: (bytes) => decodeGroupInfo(bytes).encoded,
  },
  "group context": {
    valid: makeGroupContext({ ...epoch.context, extensions }).encoded,
    again: (bytes) => makeGroupContext(decodeWhole(bytes, readGroupContext)).encoded,
  },
  "group secrets": {
    valid: encodeGroupSecrets({
      joinerSecret: new Uint8Array(32),
      pathSecret: new Uint8Array(32),
      psks: [{ kind: "external", pskId: toUtf8("id"), pskNonce: new Uint8Array(32) }],
    }),
    again: (bytes) => encodeGroupSecrets(decodeGroupSecrets(bytes)),
  },
  "sender data": {
    valid: encodeSenderData({ leafIndex: 1, generation: 2, reuseGuard: Uint8Array.of(1, 2, 3, 4) }),
    again: (bytes) => encodeSenderData(decodeSenderData(bytes)),
  },
  "private content": {
    valid: privateContent(
      encode((writer) => writer.vector(toUtf8("text"))),
      auth,
      256,
    ),
    again: (bytes) => {
      const content = decodePrivateContent(bytes, "application")
      return privateContent(content.bodyEncoded, content.auth, bytes.length)
    },
  },
}

describe("message codecs", () => {
  it.each(Object.entries(codecs))("write what they read: %s", (_, { valid, again }) => {
    expect(again(valid)).toEqual(valid)
  })

  it.each(Object.entries(codecs))("refuse every truncation: %s", (name, { valid, again }) => {
    // Padding may be of any length, so private content is whole from its signature on.
    const end = name === "private content" ? 71 : valid.length
    for (let length = 0; length < end; length++) expect(() => again(valid.slice(0, length))).toThrow(DecodeError)
  })

  it("survive 100 000 foreign inputs, and what they accept has no second encoding", () => {
    const entries = Object.values(codecs)
    const next = numbers(0xdec0de)
    let acceptedCount = 0
    for (let run = 0; run < 100_000; run++) {
      const { valid, again } = entries[run % entries.length] ?? { valid: NO_DATA, again: (bytes: Uint8Array) => bytes }
      const bytes = mutate(valid, next)
      try {
        if (!equalBytes(again(bytes), bytes)) throw new Error(`a second encoding in run ${run}`)
        acceptedCount++
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
      }
    }
    expect(acceptedCount).toBeGreaterThan(1000)
  })

  it.each([
    ["another version", Uint8Array.of(0, 2, 0, 5), "reserved_value"],
    ["an unlisted wire format", Uint8Array.of(0, 1, 0, 6), "reserved_value"],
    ["content of no type", Uint8Array.of(0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), "reserved_value"],
    ["a sender of no type", Uint8Array.of(0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), "reserved_value"],
    ["a sender of another type", Uint8Array.of(0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5), "reserved_value"],
  ])("refuse %s", (_, bytes, code) => {
    expect(() => decodeMlsMessage(bytes)).toThrow(expect.objectContaining({ code }))
  })

  it("refuse padding that is not zero", () => {
    const { valid } = codecs["private content"] ?? { valid: NO_DATA }
    const bytes = valid.with(valid.length - 1, 1)
    expect(() => decodePrivateContent(bytes, "application")).toThrow(expect.objectContaining({ code: "bad_value" }))
  })
})

/** xorshift32: fast, and the same numbers in every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** Some bytes replaced, cut off or added. */
function mutate(original: Uint8Array, next: () => number): Uint8Array {
  const bytes = original.slice()
  for (let count = next() % 3; count >= 0; count--) bytes[next() % bytes.length] = next() & 0xff
  const cut = next() % 8
  if (cut === 0) return bytes.subarray(0, next() % bytes.length)
  return cut === 1 ? Uint8Array.of(...bytes, next() & 0xff) : bytes
}
