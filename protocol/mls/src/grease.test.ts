import { describe, expect, it } from "vitest"
import { Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)
const [A, B] = [0x0a0a, 0x1a1a]

describe("values that nobody knows", () => {
  it("are ignored wherever GREASE may stand: in capabilities and in the extensions of key packages and leaves", () => {
    const party = Party.of("grease", ["alice", "bob"])
    const unknown = { extensionType: B, extensionData: Uint8Array.of(1, 2, 3) }
    const lists = { cipherSuites: [A], extensions: [A, B], proposals: [A], credentials: [A] }
    const bundle = party.keyPackage("carol", {
      extensions: [unknown],
      leafExtensions: [unknown],
      capabilities: lists,
    })
    const { welcome = NO_DATA } = party.commit("alice", { adds: [bundle.keyPackage] })
    party.join("carol", { welcome, bundles: [bundle] })
    expect(party.hear("carol", party.say("bob", "hello"))).toBe("hello")
    party.commit("carol")
    expect(party.group("bob").epochAuthenticator()).toEqual(party.group("carol").epochAuthenticator())
  })
})
