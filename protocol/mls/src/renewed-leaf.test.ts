import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Group } from "./group.ts"
import { outcomeOf, Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)
const policy = { proposals: true }

function freshKeys(party: Party): ReturnType<Party["keysOf"]> {
  return party.suite.signatureKeyPair(party.random(party.suite.sizes.signatureSeedBytes))
}

/** Alice as she wakes with these keys. */
function wake(party: Party, ...[signatureKeys, ...nextSignatureKeys]: ReturnType<Party["keysOf"]>[]): Group {
  if (signatureKeys === undefined) throw new RangeError("no keys")
  return Group.fromBytes(party.suite, party.group("alice").toBytes(), { signatureKeys, nextSignatureKeys, policy })
}

describe("new signature keys in a commit", () => {
  it("sign from the next epoch on, for whoever was there and for whoever comes with it", () => {
    const party = Party.of("renewed", ["alice", "bob"])
    const keys = freshKeys(party)
    const bundle = party.keyPackage("carol")
    const { welcome = NO_DATA } = party.commit("alice", { newSignatureKeys: keys, adds: [bundle.keyPackage] })
    party.join("carol", { welcome, bundles: [bundle] })
    expect(party.group("bob").member(0)?.signatureKey).toEqual(keys.publicKey)
    const text = party.say("alice", "it is me")
    expect([party.hear("bob", text), party.hear("carol", text)]).toEqual(["it is me", "it is me"])
  })

  it("do not sign before the commit is merged, nor after it is cleared", () => {
    const party = Party.of("not yet", ["alice", "bob"])
    const { staged } = party.stage("alice", { newSignatureKeys: freshKeys(party) })
    expect(party.hear("bob", party.say("alice", "pending"))).toBe("pending")
    party.group("alice").clear(staged)
    expect(party.hear("bob", party.say("alice", "cleared"))).toBe("cleared")
    party.commit("alice")
    expect(party.hear("bob", party.say("alice", "next"))).toBe("next")
  })

  it("do not sign where another commit was chosen", () => {
    const party = Party.of("lost race", ["alice", "bob"])
    party.stage("alice", { newSignatureKeys: freshKeys(party) })
    party.commit("bob")
    expect(party.hear("bob", party.say("alice", "still the old ones"))).toBe("still the old ones")
  })

  it("are passed on waking beside those in use, in any order, as the state holds neither", () => {
    const party = Party.of("woken", ["alice", "bob"])
    const [old, keys] = [party.keysOf("alice"), freshKeys(party)]
    const { commit } = party.stage("alice", { newSignatureKeys: keys })
    expect(() => wake(party, old)).toThrow(RangeError)
    expect(() => wake(party, keys)).toThrow(RangeError)
    for (const woken of [wake(party, old, keys), wake(party, keys, old)]) {
      const own = woken.receive(commit, party.nowMs)
      if (own.kind !== "own_commit") throw new Error(outcomeOf(own))
      woken.merge(own.staged)
      expect(woken.member(0)?.signatureKey).toEqual(keys.publicKey)
    }
  })

  it("are the only ones needed once they are in use", () => {
    const party = Party.of("in use", ["alice", "bob"])
    const [old, keys] = [party.keysOf("alice"), freshKeys(party)]
    party.commit("alice", { newSignatureKeys: keys })
    expect(() => wake(party, old)).toThrow(RangeError)
    const woken = wake(party, old, keys)
    const text = woken.protect(toUtf8("awake"), { authenticatedData: NO_DATA, random: party.random })
    expect(party.hear("bob", text)).toBe("awake")
    expect(() => wake(party, keys)).not.toThrow()
  })

  it("have to be a pair", () => {
    const party = Party.of("no pair", ["alice"])
    const newSignatureKeys = { ...freshKeys(party), publicKey: party.keysOf("bob").publicKey }
    expect(() => party.stage("alice", { newSignatureKeys })).toThrow(RangeError)
    expect(party.group("alice").pendingCommit).toBeUndefined()
  })

  it("are copied: the caller may zero its own", () => {
    const party = Party.of("copied", ["alice", "bob"])
    const keys = freshKeys(party)
    const { staged, commit } = party.stage("alice", { newSignatureKeys: keys })
    keys.privateKey.fill(0)
    party.group("alice").merge(staged)
    party.follow("bob", commit)
    expect(party.hear("bob", party.say("alice", "copied"))).toBe("copied")
  })
})

describe("new signature keys in an Update", () => {
  it("sign once somebody commits it, also after a restart", () => {
    const party = Party.of("updated", ["alice", "bob"], { policy })
    const [old, keys] = [party.keysOf("alice"), freshKeys(party)]
    const { random, nowMs } = party
    const options = { authenticatedData: NO_DATA, random, nowMs }
    const proposed = party.group("alice").propose({ kind: "update", newSignatureKeys: keys }, options)
    if (proposed.kind === "refused") throw new Error(proposed.reason)
    party.hear("bob", proposed.message)
    const { staged, commit } = party.stage("bob")
    party.group("bob").merge(staged)
    expect(() => wake(party, old)).toThrow(RangeError)
    const woken = wake(party, old, keys)
    const received = woken.receive(commit, nowMs)
    if (received.kind !== "commit") throw new Error(outcomeOf(received))
    woken.merge(received.staged)
    expect(party.hear("bob", woken.protect(toUtf8("updated"), options))).toBe("updated")
  })

  it("are forgotten with it", () => {
    const party = Party.of("dropped", ["alice", "bob"], { policy })
    const { random, nowMs } = party
    const options = { authenticatedData: NO_DATA, random, nowMs }
    party.group("alice").propose({ kind: "update", newSignatureKeys: freshKeys(party) }, options)
    party.group("alice").dropProposals()
    expect(() => wake(party, party.keysOf("alice"))).not.toThrow()
    party.commit("alice")
    expect(party.hear("bob", party.say("alice", "as before"))).toBe("as before")
  })
})

describe("private signature keys", () => {
  it("are zeroed when others take their place, and when the group is disposed of", () => {
    const party = Party.of("zeroed", ["alice", "bob"])
    const handed: Uint8Array[] = []
    const { suite } = party
    const spied = {
      ...suite,
      sign: (key: Uint8Array, message: Uint8Array) => (handed.push(key), suite.sign(key, message)),
    }
    const alice = Group.fromBytes(spied, party.group("alice").toBytes(), { signatureKeys: party.keysOf("alice") })
    const options = { authenticatedData: NO_DATA, random: party.random, nowMs: party.nowMs }
    const staged = alice.stageCommit({ ...options, newSignatureKeys: freshKeys(party) })
    if (staged.kind === "refused") throw new Error(staged.reason)
    const old = handed.at(-1)
    alice.merge(staged.staged)
    alice.protect(NO_DATA, options)
    const current = handed.at(-1)
    expect([old, current].map((key) => key?.some((byte) => byte !== 0))).toEqual([false, true])
    alice[Symbol.dispose]()
    expect(current?.some((byte) => byte !== 0)).toBe(false)
  })
})
