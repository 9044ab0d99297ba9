import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Group } from "./group.ts"
import { decodeMlsMessage } from "./mls-message.ts"
import { outcomeOf, Party } from "./testing/party.ts"
import { generationOf } from "./testing/sender-data-of.ts"
import { validateKeyPackage } from "./validate-key-package.ts"

/* What others' users complain about. Each is impossible here, or has an outcome that says what to do. */

const NO_DATA = new Uint8Array(0)
const YEAR_MS = 365 * 86_400_000

describe("own commit applied twice after a restart", () => {
  it("ends in the same epoch whether it was merged before the restart or after", () => {
    const party = Party.of("applied twice", ["alice", "bob"])
    const { commit, staged } = party.stage("alice")
    const beforeMerge = party.group("alice").toBytes()
    party.group("alice").merge(staged)
    const afterMerge = party.group("alice").toBytes()
    const signatureKeys = party.keysOf("alice")
    const [early, late] = [beforeMerge, afterMerge].map((bytes) =>
      Group.fromBytes(party.suite, bytes, { signatureKeys }),
    )
    if (early === undefined || late === undefined) throw new Error("not restored")

    // The delivery service sends the commit to each of them, as it does after a reconnect.
    const echoed = early.receive(commit, party.nowMs)
    if (echoed.kind !== "own_commit") throw new Error(outcomeOf(echoed))
    early.merge(echoed.staged)
    expect(outcomeOf(late.receive(commit, party.nowMs))).toBe("epoch_passed")
    expect(outcomeOf(early.receive(commit, party.nowMs))).toBe("epoch_passed")
    expect(early.epochAuthenticator()).toEqual(late.epochAuthenticator())
    expect([early.epoch, late.epoch]).toEqual([2n, 2n])
    expect(() => early.merge(echoed.staged)).toThrow(TypeError)
  })

  it("does not repeat a key in the epoch that it opens, where generations are reserved", () => {
    const party = Party.of("applied twice, reserved", ["alice", "bob"])
    const { commit } = party.stage("alice")
    const state = party.group("alice").toBytes()
    const signatureKeys = party.keysOf("alice")
    const about = { authenticatedData: NO_DATA, random: (lengthBytes: number) => new Uint8Array(lengthBytes) }
    const merged = (reservation?: Uint8Array): Group => {
      const alice = Group.fromBytes(party.suite, state, { signatureKeys, ...(reservation && { reservation }) })
      const echoed = alice.receive(commit, party.nowMs)
      if (echoed.kind !== "own_commit") throw new Error(outcomeOf(echoed))
      alice.merge(echoed.staged)
      return alice
    }
    const first = merged()
    const record = first.reserve({ application: 2 })
    const second = merged(record)
    party.follow("bob", commit)
    const sent = [first, second].map((alice) => alice.protect(toUtf8("hello"), about))
    expect(sent.map((message) => party.hear("bob", message))).toEqual(["hello", "hello"])
  })
})

describe("commit cleared then re-made", () => {
  it.each(["private", "public"] as const)("is another commit with other keys, sent as %s messages", (wireFormat) => {
    const party = Party.of("re-made", ["alice", "bob", "carol"])
    const first = party.stage("alice", { wireFormat })
    party.group("alice").clear(first.staged)
    party.restart("alice")
    const second = party.stage("alice", { wireFormat })
    const [one, other] = [first, second].map(({ commit }) => decodeMlsMessage(commit))
    if (one?.kind === "private_message" && other?.kind === "private_message") {
      const insides = party.insidesOf("bob")
      expect([one, other].map(({ message }) => generationOf(insides, message))).toEqual([0, 1])
    }
    // Whichever of the two the delivery service took, everybody follows that one; the other is then of a past epoch.
    party.follow("bob", second.commit)
    party.group("alice").merge(second.staged)
    expect(party.hear("bob", first.commit)).toBe("epoch_passed")
    expect(party.group("bob").epochAuthenticator()).toEqual(party.group("alice").epochAuthenticator())
  })

  it("is not taken for our own if the cleared one comes back after all", () => {
    const party = Party.of("comes back", ["alice", "bob"])
    const { commit, staged } = party.stage("alice")
    party.group("alice").clear(staged)
    expect(party.hear("alice", commit)).toBe("own_message")
    expect(party.group("alice").pendingCommit).toBeUndefined()
  })
})

describe("Welcome arriving twice", () => {
  it("leads into the group once: the key package is used up, and the group is known", () => {
    const party = Party.of("twice", ["alice"])
    const bundle = party.keyPackage("bob")
    const { welcome = NO_DATA } = party.commit("alice", { adds: [bundle.keyPackage] })
    const options = { suite: party.suite, welcome, signatureKeys: party.keysOf("bob") }
    const joined = Group.join({ ...options, bundles: [bundle] })
    if (joined.kind === "rejected") throw new Error(joined.reason)
    const isKnownGroup = (groupId: Uint8Array): boolean => String(groupId) === String(joined.group.groupId)
    const again = { ...options, bundles: [bundle], isKnownGroup }
    expect(Group.join(again)).toEqual({ kind: "rejected", reason: "group_already_known" })
    joined.bundle[Symbol.dispose]()
    expect(Group.join(again)).toEqual({ kind: "rejected", reason: "no_matching_key_package" })
    expect(party.say("alice", "hello").length).toBeGreaterThan(0)
  })
})

describe("key packages exhausted", () => {
  it("leaves the last-resort package, which brings people into several groups and is never used up", () => {
    const bundles = new Party("exhausted").keyPackage("bob", { lastResort: true })
    expect(bundles.isLastResort).toBe(true)
    const outcomes = ["first", "second", "third"].map((seed) => {
      const party = Party.of(seed, ["alice"])
      const bundle = party.keyPackage("bob", { lastResort: true })
      const [one, other] = [party, new Party(`${seed} other`)]
      other.create("alice")
      return [one, other].map((each) => {
        const { welcome = NO_DATA } = each.commit("alice", { adds: [bundle.keyPackage] })
        const signatureKeys = party.keysOf("bob")
        return Group.join({ suite: party.suite, welcome, bundles: [bundle], signatureKeys }).kind
      })
    })
    expect(outcomes.flat()).toEqual(Array.from({ length: 6 }, () => "joined"))
  })

  it("says so where none is left that the Welcome was made for", () => {
    const party = Party.of("none left", ["alice"])
    const { welcome = NO_DATA } = party.commit("alice", { adds: [party.keyPackage("bob").keyPackage] })
    const options = { suite: party.suite, welcome, signatureKeys: party.keysOf("bob") }
    expect(Group.join({ ...options, bundles: [] })).toEqual({ kind: "rejected", reason: "no_matching_key_package" })
  })
})

describe.each([
  ["ten years late", -10 * YEAR_MS],
  ["ten years early", 10 * YEAR_MS],
])("clock wrong by ten years either way: %s", (_, offsetMs) => {
  it("locks nobody out of a group: texts, commits and invitations of others are followed", () => {
    const party = Party.of("wrong clock", ["alice", "bob"])
    const bob = party.group("bob")
    const wrongMs = party.nowMs + offsetMs
    expect(outcomeOf(bob.receive(party.say("alice", "hello"), wrongMs))).toBe("hello")
    const { commit, staged } = party.stage("alice", { adds: [party.keyPackage("carol").keyPackage] })
    party.group("alice").merge(staged)
    const received = bob.receive(commit, wrongMs)
    if (received.kind !== "commit") throw new Error(outcomeOf(received))
    bob.merge(received.staged)
    expect(bob.epochAuthenticator()).toEqual(party.group("alice").epochAuthenticator())
  })

  it("invites nobody, and says why, rather than with a lifetime that others refuse", () => {
    const party = Party.of("wrong clock invites", ["alice", "bob"])
    const { keyPackage } = party.keyPackage("carol")
    const nowMs = party.nowMs + offsetMs
    const reason = offsetMs < 0 ? "leaf_lifetime_not_begun" : "leaf_lifetime_expired"
    const options = { adds: [keyPackage], authenticatedData: NO_DATA, random: party.random, nowMs }
    expect(party.group("alice").stageCommit(options)).toEqual({ kind: "refused", reason })
    expect(validateKeyPackage(party.suite, keyPackage, nowMs)).toEqual({ kind: "rejected", reason })
    expect(party.hear("bob", party.stage("alice", { nowMs }).commit)).toBe("commit")
  })
})
