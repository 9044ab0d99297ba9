import { concatBytes, decodeWhole, encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { encodeCommit } from "./commit.ts"
import {
  contentAuthBytes,
  frameContent,
  frameEncodedContent,
  readContentAuth,
  readContentType,
  readFramedContent,
  readSender,
  writeContentAuth,
} from "./framed-content.ts"
import type { ContentAuth, ContentBody, ContentHeader, Sender } from "./framed-content.ts"
import { encodeProposal } from "./proposal.ts"

/** Longer than all the rest of a message together. */
const LONG = new Uint8Array(300).fill(5)
const remove = { kind: "remove", removed: 7 } as const
const commit = { proposals: [{ kind: "proposal", proposal: remove }], path: undefined } as const
const vector = (bytes: Uint8Array): Uint8Array => encode((writer) => writer.vector(bytes))

const bodies: readonly (readonly [ContentBody, number, Uint8Array])[] = [
  [{ kind: "application", data: LONG }, 1, vector(LONG)],
  [{ kind: "proposal", proposal: remove }, 2, encodeProposal(remove)],
  [{ kind: "commit", commit }, 3, encodeCommit(commit)],
]
const senders: readonly (readonly [Sender, readonly number[]])[] = [
  [{ kind: "member", leafIndex: 258 }, [1, 0, 0, 1, 2]],
  [{ kind: "external", senderIndex: 259 }, [2, 0, 0, 1, 3]],
  [{ kind: "new_member_proposal" }, [3]],
  [{ kind: "new_member_commit" }, [4]],
]
const header = (sender: Sender, authenticatedData = toUtf8("data")): ContentHeader => ({
  groupId: toUtf8("group"),
  epoch: 5n,
  sender,
  authenticatedData,
})
const member = senders[0]![0]

describe("framed content", () => {
  it.each(
    senders.flatMap(([sender, from]) => bodies.map((body) => [sender.kind, body[0].kind, sender, from, body] as const)),
  )(
    "of a sender %s is laid out as RFC 9420 §6 says, and read back: %s",
    (_sender, _kind, sender, from, [body, contentType, bodyEncoded]) => {
      const fields = header(sender)
      const content = frameContent(fields, body)
      const epoch = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 5)
      const before = [vector(fields.groupId), epoch, Uint8Array.from(from), vector(fields.authenticatedData)]
      expect(content.encoded).toEqual(concatBytes(...before, Uint8Array.of(contentType), bodyEncoded))
      expect(content).toEqual({ ...fields, body, bodyEncoded, encoded: content.encoded })
      expect(decodeWhole(content.encoded, readFramedContent)).toEqual(content)
      expect(frameEncodedContent(fields, body, bodyEncoded)).toEqual(content)
    },
  )

  it.each(bodies)("may have more authenticated data than all the rest: $kind", (body, _, bodyEncoded) => {
    const fields = header(member, new Uint8Array(2000))
    const content = frameContent(fields, body)
    expect(decodeWhole(content.encoded, readFramedContent)).toEqual(content)
    expect(frameEncodedContent(fields, body, bodyEncoded)).toEqual(content)
  })

  it("keeps nothing of a header but its fields", () => {
    const more = { ...header(member), secret: 1 }
    expect(Object.keys(frameContent(more, bodies[0]![0]))).not.toContain("secret")
  })

  it("is of no type and from no sender that is not listed", () => {
    const unlisted = expect.objectContaining({ code: "reserved_value", offset: 0 })
    for (const byte of [0, 4]) expect(() => decodeWhole(Uint8Array.of(byte), readContentType)).toThrow(unlisted)
    for (const byte of [0, 5]) expect(() => decodeWhole(Uint8Array.of(byte), readSender)).toThrow(unlisted)
  })
})

describe("what authenticates content", () => {
  const signature = new Uint8Array(64).fill(1)
  const confirmationTag = new Uint8Array(32).fill(2)

  it.each<readonly [string, "application" | "proposal" | "commit", ContentAuth, Uint8Array]>([
    ["a text", "application", { signature, confirmationTag: undefined }, vector(signature)],
    ["a proposal", "proposal", { signature, confirmationTag: undefined }, vector(signature)],
    ["a commit", "commit", { signature, confirmationTag }, concatBytes(vector(signature), vector(confirmationTag))],
  ])("has a confirmation tag exactly on commits: %s", (_, contentType, auth, encoded) => {
    expect(encode((writer) => writeContentAuth(writer, auth))).toEqual(encoded)
    expect(contentAuthBytes(auth)).toBe(encoded.length)
    expect(decodeWhole(encoded, (reader) => readContentAuth(reader, contentType))).toEqual(auth)
  })
})
