import { describe, expect, it } from "vitest"
import { decodeMlsMessage } from "./mls-message.ts"
import { decodeSenderData, senderDataAad } from "./private-message.ts"
import { guardedNonce, senderDataKeys } from "./sender-data.ts"
import { Party } from "./testing/party.ts"

/** The reuse guard in a message of alice's. */
function guardIn(party: Party, bytes: Uint8Array): string {
  const message = decodeMlsMessage(bytes)
  if (message.kind !== "private_message") throw new Error(message.kind)
  const { suite } = party
  const { senderDataSecret } = party.insidesOf("alice").epoch.secrets
  const { ciphertext, encryptedSenderData } = message.message
  const { key, nonce } = senderDataKeys(suite, senderDataSecret, ciphertext)
  const opened = suite.aeadOpen(key, nonce, senderDataAad(message.message), encryptedSenderData)
  if (opened === undefined) throw new Error("not opened")
  return String(decodeSenderData(opened).reuseGuard)
}

describe("a reuse guard", () => {
  it("is combined with the first four bytes of the nonce, and leaves the others", () => {
    const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    const guard = Uint8Array.of(0xff, 0, 1, 4)
    expect(guardedNonce(nonce, guard)).toEqual(Uint8Array.of(0xfe, 2, 2, 0, 5, 6, 7, 8, 9, 10, 11, 12))
    // The key schedule's nonce may be tried again with another guard.
    expect(nonce).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
  })

  it("is drawn for each message and sent in its sender data", () => {
    const party = Party.of("guards", ["alice", "bob"])
    const guards = ["one", "two", "three"].map((text) => guardIn(party, party.say("alice", text)))
    expect(new Set(guards).size).toBe(3)
  })
})
