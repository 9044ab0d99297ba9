import { concatBytes, decodeWhole, encode } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { frameContent } from "./framed-content.ts"
import type { Sender } from "./framed-content.ts"
import { readPublicMessage, writePublicMessage } from "./public-message.ts"
import type { PublicMessage } from "./public-message.ts"

const signature = new Uint8Array(64).fill(1)
const tag = new Uint8Array(32).fill(2)
const member: Sender = { kind: "member", leafIndex: 3 }
const outsiders: readonly Sender[] = [
  { kind: "external", senderIndex: 3 },
  { kind: "new_member_proposal" },
  { kind: "new_member_commit" },
]

function messageFrom(sender: Sender, membershipTag: Uint8Array | undefined): PublicMessage {
  const header = { groupId: Uint8Array.of(7), epoch: 5n, sender, authenticatedData: new Uint8Array(0) }
  const content = frameContent(header, { kind: "commit", commit: { proposals: [], path: undefined } })
  return { content, auth: { signature, confirmationTag: tag }, membershipTag }
}

const encoded = (message: PublicMessage): Uint8Array => encode((writer) => writePublicMessage(writer, message))

describe("a public message", () => {
  const vectors = concatBytes(Uint8Array.of(0x40, 64), signature, Uint8Array.of(32), tag)

  it("of a member ends with a membership tag (RFC 9420 §6.2), and is read back", () => {
    const message = messageFrom(member, tag)
    const bytes = concatBytes(message.content.encoded, vectors, Uint8Array.of(32), tag)
    expect(encoded(message)).toEqual(bytes)
    expect(decodeWhole(bytes, readPublicMessage)).toEqual(message)
  })

  it.each(outsiders)("of anybody else has none, and is read back: $kind", (sender) => {
    const message = messageFrom(sender, undefined)
    expect(encoded(message)).toEqual(concatBytes(message.content.encoded, vectors))
    expect(decodeWhole(encoded(message), readPublicMessage)).toEqual(message)
  })

  it("is not written with a tag that it must not have, nor without one that it must", () => {
    const wrong = [messageFrom(member, undefined), ...outsiders.map((sender) => messageFrom(sender, tag))]
    const reason = new TypeError("members, and nobody else, send a membership tag")
    for (const message of wrong) expect(() => encoded(message)).toThrow(reason)
  })
})
