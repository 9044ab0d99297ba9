import { unwatched } from "@qpc/crypto/conformance"
import { suite0001 } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { frameContent } from "./framed-content.ts"
import { decodeMlsMessage, encodeMlsMessage } from "./mls-message.ts"
import { senderDataAad } from "./private-message.ts"
import { senderDataKeys } from "./sender-data.ts"
import { craft, publicIn } from "./testing/insider.ts"
import { Party } from "./testing/party.ts"
import { openMemberPublic } from "./unprotect.ts"

const text = { kind: "application", data: toUtf8("text") } as const

/** The same message with other sender data, sealed as members can. */
function withSenderData(party: Party, bytes: Uint8Array, senderData: Uint8Array): Uint8Array {
  const message = decodeMlsMessage(bytes)
  if (message.kind !== "private_message") throw new Error(message.kind)
  const { senderDataSecret } = party.insidesOf("alice").epoch.secrets
  const { key, nonce } = senderDataKeys(suite0001, senderDataSecret, message.message.ciphertext)
  const encryptedSenderData = unwatched("a malicious member keeps no count of its keys", () => {
    return suite0001.aeadSeal(key, nonce, senderDataAad(message.message), senderData)
  })
  return encodeMlsMessage({ kind: "private_message", message: { ...message.message, encryptedSenderData } })
}

describe("opening a private message", () => {
  it("leaves no key of it in memory", () => {
    const keys: Uint8Array[] = []
    const party = new Party(
      "keys of a message",
      {},
      {
        ...suite0001,
        aeadOpen(key, nonce, aad, ciphertext) {
          keys.push(key)
          return suite0001.aeadOpen(key, nonce, aad, ciphertext)
        },
      },
    )
    party.create("alice")
    party.add("alice", ["bob"])
    keys.length = 0
    expect(party.hear("bob", party.say("alice", "text"))).toBe("text")
    expect(keys.map((key) => key.every((byte) => byte === 0))).toEqual([true, true])
  })

  it("refuses sender data that does not decode", () => {
    const party = Party.of("sender data", ["alice", "bob"])
    expect(party.hear("bob", withSenderData(party, party.say("alice", "text"), new Uint8Array(11)))).toBe("malformed")
  })

  it("calls our own what claims our leaf, however far its generation", () => {
    const party = Party.of("far generation", ["alice", "bob"])
    const message = craft(party, "alice", text, {
      seal: (speaker) => {
        speaker.secretTree.skipTo(1, "application", 2000)
        return { ...speaker, leafIndex: 1 }
      },
    })
    expect(party.hear("bob", message)).toBe("own_message")
  })
})

describe("opening a public message of a member", () => {
  const party = Party.of("public", ["alice", "bob"])
  const { epoch, suite } = party.insidesOf("bob")
  const message = publicIn(party.stage("alice", { wireFormat: "public" }).commit)
  const listener = {
    suite,
    groupContext: epoch.context.encoded,
    signatureKeyOf: (leafIndex: number) => epoch.tree.signatureKey(leafIndex),
  }

  it("refuses one without a membership tag, or of somebody else", () => {
    const { membershipKey } = epoch.secrets
    const sender = { kind: "external", senderIndex: 0 } as const
    const content = frameContent({ ...message.content, sender }, message.content.body)
    expect(openMemberPublic(listener, membershipKey, { ...message, membershipTag: undefined })).toBe("malformed")
    expect(openMemberPublic(listener, membershipKey, { ...message, content })).toBe("malformed")
    expect(openMemberPublic(listener, membershipKey, message)).toMatchObject({ content: message.content })
  })
})
