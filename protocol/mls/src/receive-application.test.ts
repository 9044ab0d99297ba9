import { DecodeError, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { decodeOwnCommit, encodeOwnCommit } from "./own-commit-record.ts"
import { SecretTree } from "./secret-tree.ts"
import type { StagedCommit } from "./staged-commit.ts"
import { outcomeOf, Party } from "./testing/party.ts"

/** Alice adds carol: she and bob hold the commit, carol is in its epoch. */
function adding(seed: string): { readonly party: Party; readonly own: StagedCommit; readonly received: StagedCommit } {
  const party = Party.of(seed, ["alice", "bob"])
  const bundle = party.keyPackage("carol")
  const { staged: own, commit, welcome } = party.stage("alice", { adds: [bundle.keyPackage] })
  const taken = party.group("bob").receive(commit, party.nowMs)
  if (taken.kind !== "commit" || welcome === undefined) throw new Error(taken.kind)
  party.join("carol", { welcome, bundles: [bundle] })
  return { party, own, received: taken.staged }
}

const hear = (party: Party, name: string, message: Uint8Array, staged: StagedCommit | undefined): string =>
  outcomeOf(party.group(name).receive(message, party.nowMs, { staged }))

describe("an application message of an epoch that is staged", () => {
  it("opens with the commit that leads there, ours or somebody's, and not without", () => {
    const { party, own, received } = adding("ahead")
    const message = party.say("carol", "ready")
    expect(party.hear("alice", message)).toBe("epoch_ahead")
    expect(hear(party, "alice", message, own)).toBe("ready")
    expect(hear(party, "bob", message, received)).toBe("ready")
    expect(party.group("alice").epoch).toBe(1n)
  })

  it("says who wrote it, in which epoch", () => {
    const { party, own } = adding("who")
    const heard = party.group("alice").receive(party.say("carol", "ready"), party.nowMs, { staged: own })
    expect(heard).toMatchObject({ kind: "application", senderLeafIndex: 2, epoch: 2n, generation: 0 })
  })

  it("opens once, before the commit takes effect and after", () => {
    const { party, own, received } = adding("once")
    const [first, second] = [party.say("carol", "first"), party.say("carol", "second")]
    for (const [name, staged] of [
      ["alice", own],
      ["bob", received],
    ] as const) {
      expect(hear(party, name, second, staged)).toBe("second")
      expect(hear(party, name, second, staged)).toBe("key_consumed")
      party.group(name).merge(staged)
      expect([party.hear(name, second), party.hear(name, first)]).toEqual(["key_consumed", "first"])
    }
  })

  it("opens once over a restart too, where the commit is ours, from one piece and from records", () => {
    for (const isWhole of [true, false]) {
      const { party, own } = adding(`restart ${isWhole}`)
      const [first, second] = [party.say("carol", "first"), party.say("carol", "second")]
      hear(party, "alice", second, own)
      const alice = party.restart("alice", isWhole ? undefined : [...party.group("alice").records()])
      expect(hear(party, "alice", second, alice.pendingCommit)).toBe("key_consumed")
      expect(hear(party, "alice", first, alice.pendingCommit)).toBe("first")
      alice.merge(alice.pendingCommit!)
      expect([party.hear("alice", second), party.hear("carol", party.say("alice", "in"))]).toEqual([
        "key_consumed",
        "in",
      ])
    }
  })

  it("is owed to the store, so that a crash cannot bring its key back", () => {
    const { party, own } = adding("owed")
    const alice = party.group("alice")
    alice.takeChanges().stored()
    hear(party, "alice", party.say("carol", "ready"), own)
    expect(alice.takeChanges().changes.map(({ key }) => key)).toContain("own-commit")
  })

  it("counts in the epoch that it was sealed in", () => {
    const { party, own } = adding("usage")
    for (let at = 0; at < 3; at++) hear(party, "alice", party.say("carol", "text"), own)
    // The commit itself is of the old one.
    expect(party.insidesOf("alice").usage.messages).toBe(1)
    party.group("alice").merge(own)
    expect(party.insidesOf("alice").usage.messages).toBe(3)
  })

  it("changes nothing unless it opens", () => {
    const { party, own } = adding("changed")
    const message = party.say("carol", "ready")
    const before = party.group("alice").toBytes()
    for (const at of [0, 5, message.length - 1]) {
      const changed = message.slice()
      changed[at]! ^= 1
      expect(party.group("alice").receive(changed, party.nowMs, { staged: own }).kind).toBe("rejected")
    }
    expect(party.group("alice").toBytes()).toEqual(before)
    expect(hear(party, "alice", message, own)).toBe("ready")
  })

  it("is asked for with a commit of this group that waits, or the call is wrong", () => {
    const { party, own, received } = adding("wrong")
    const message = party.say("carol", "ready")
    expect(() => hear(party, "alice", message, received)).toThrow(TypeError)
    party.group("alice").clear(own)
    expect(() => hear(party, "alice", message, own)).toThrow(TypeError)
    party.group("bob").merge(received)
    expect(() => hear(party, "bob", message, received)).toThrow(TypeError)
  })

  it("is out of reach of whoever the commit removes", () => {
    const party = Party.of("removed", ["alice", "bob", "carol"])
    const { commit } = party.stage("alice", { removes: [1] })
    const taken = party.group("bob").receive(commit, party.nowMs)
    if (taken.kind !== "commit") throw new Error(taken.kind)
    expect(() => hear(party, "bob", party.say("carol", "still here"), taken.staged)).toThrow(TypeError)
  })

  it("is text alone: what changes the group has to wait until it is in effect", () => {
    const { party, own } = adding("handshake")
    expect(hear(party, "alice", party.stage("carol").commit, own)).toBe("epoch_ahead")
    const { random, nowMs } = party
    const options = { authenticatedData: new Uint8Array(0), random, nowMs, wireFormat: "public" } as const
    party.group("carol").clear(party.group("carol").pendingCommit!)
    const { commit } = party.stage("carol", options)
    expect(hear(party, "alice", commit, own)).toBe("epoch_ahead")
  })

  it("of a later epoch still is ahead", () => {
    const { party, own, received } = adding("later")
    party.group("bob").merge(received)
    const { staged, commit } = party.stage("bob")
    party.follow("carol", commit)
    party.group("bob").merge(staged)
    expect(hear(party, "alice", party.say("carol", "later"), own)).toBe("epoch_ahead")
  })

  it("is judged by what was asked for, as those of other epochs are", () => {
    const { party, own } = adding("asked")
    const message = party.say("carol", "ready")
    const other = { staged: own, authenticatedData: toUtf8("another header") }
    expect(outcomeOf(party.group("alice").receive(message, party.nowMs, other))).toBe("other_authenticated_data")
    const commits = { staged: own, only: "commit" } as const
    expect(outcomeOf(party.group("alice").receive(message, party.nowMs, commits))).toBe("not_allowed")
    expect(hear(party, "alice", message, own)).toBe("ready")
  })
})

describe("a record of our pending commit, in whose epoch something was read", () => {
  it("reads back as it was written, and nothing else does", () => {
    const { party, own } = adding("record")
    hear(party, "alice", party.say("carol", "ready"), own)
    const state = party.insidesOf("alice")
    const bytes = encodeOwnCommit(state, state.ownCommit!)
    const { commit, epoch } = decodeOwnCommit(bytes, state.epoch.tree)
    state.staged.set(commit.staged, epoch)
    expect(encodeOwnCommit(state, commit)).toEqual(bytes)
    for (let length = bytes.length - 1; length > bytes.length - 200; length--) {
      expect(() => decodeOwnCommit(bytes.subarray(0, length), state.epoch.tree)).toThrow(DecodeError)
    }
  })

  it("is refused with the message keys of a group of another size", () => {
    const { party } = adding("another size")
    const state = party.insidesOf("alice")
    const secretTree = SecretTree.create(party.suite, new Uint8Array(32), 8)
    secretTree.take(0, "application")
    state.staged.set(state.ownCommit!.staged, { ...state.staged.get(state.ownCommit!.staged)!, secretTree })
    const bytes = encodeOwnCommit(state, state.ownCommit!)
    expect(() => decodeOwnCommit(bytes, state.epoch.tree)).toThrow(DecodeError)
  })
})
