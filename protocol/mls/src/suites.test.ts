import type { CipherSuite } from "@qpc/crypto"
import { loadBrowserSuite, loadBrowserXWingSuite } from "@qpc/crypto/browser"
import { newXWingSuite, suites } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Group } from "./group.ts"
import { Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)

/** Each suite on node:crypto, and the same in a browser. */
const PLATFORMS: readonly (readonly [CipherSuite, CipherSuite])[] = [
  ...(await Promise.all([...suites].map(async ([id, suite]) => [suite, await loadBrowserSuite(id)] as const))),
  [newXWingSuite(), await loadBrowserXWingSuite()],
]

describe.each(PLATFORMS.map(([suite, browserSuite]) => ({ name: suite.name, suite, browserSuite })))(
  "a group of $name",
  ({ suite, browserSuite }) => {
    it("lives through adds, updates, a removal, an external commit and a restart", () => {
      const party = new Party("life", { policy: { externalCommits: true } }, suite)
      party.create("alice")
      party.add("alice", ["bob", "carol"])
      expect(party.hear("carol", party.say("bob", "hello"))).toBe("hello")
      party.commit("bob", { forcePath: true })
      party.commit("alice", { removes: [2] })
      expect(party.names).toEqual(["alice", "bob"])

      const { groupInfo } = party.group("alice").groupInfo({ externalPub: true })
      const joined = Group.joinExternally({
        suite: party.suite,
        groupInfo,
        credential: { kind: "basic", identity: toUtf8("dave") },
        signatureKeys: party.keysOf("dave"),
        authenticatedData: NO_DATA,
        random: party.random,
      })
      if (joined.kind === "rejected") throw new Error(joined.reason)
      for (const name of party.names) party.follow(name, joined.commit)
      expect(party.group("bob").epochAuthenticator()).toEqual(joined.group.epochAuthenticator())
      party.restart("bob")
      expect(party.hear("bob", party.say("alice", "still here"))).toBe("still here")
      expect(party.group("bob").export("test", NO_DATA, 32)).toEqual(joined.group.export("test", NO_DATA, 32))
    })

    it("has members on node and in browsers at once", () => {
      const party = new Party("platforms", {}, suite)
      party.create("alice")
      const bundle = party.keyPackage("bob", { suite: browserSuite })
      const { welcome } = party.commit("alice", { adds: [bundle.keyPackage] })
      party.join("bob", { suite: browserSuite, welcome: welcome!, bundles: [bundle] })
      expect(party.hear("bob", party.say("alice", "hello"))).toBe("hello")
      party.commit("bob", { forcePath: true })
      party.commit("alice", { forcePath: true })
      expect(party.hear("alice", party.say("bob", "hello too"))).toBe("hello too")
    })

    it("takes nobody who published a key package of another suite", () => {
      const party = new Party("downgrade", {}, suite)
      party.create("alice")
      const other = suite.id === 0x0001 ? suites.get(0x0003)! : suites.get(0x0001)!
      const weak = new Party("weak", {}, other).keyPackage("mallory")
      const outcome = party
        .group("alice")
        .stageCommit({ adds: [weak.keyPackage], authenticatedData: NO_DATA, random: party.random, nowMs: party.nowMs })
      expect(outcome).toMatchObject({ kind: "refused", reason: "key_package_cipher_suite" })
    })
  },
)
