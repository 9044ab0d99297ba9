import { toHex, toUtf8 } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { EXTENSION_TYPES } from "./extension.ts"
import type { Epoch } from "./epoch.ts"
import type { GroupState } from "./group-state.ts"
import { epochSecrets, joinerSecret, memberSecret } from "./key-schedule.ts"
import { Party } from "./testing/party.ts"

const authenticators = (party: Party): Set<string> =>
  new Set(party.names.map((name) => toHex(party.group(name).epochAuthenticator())))

describe("a group", () => {
  it("starts with its creator alone", () => {
    const group = Party.of("alone", ["alice"]).group("alice")
    expect(group.epoch).toBe(0n)
    expect(group.ownLeafIndex).toBe(0)
    expect(group.members().map(({ leafIndex }) => leafIndex)).toEqual([0])
  })

  it("refuses to start with limits that are none, or extensions that do not decode", () => {
    expect(() => Party.of("limits", ["alice"], { limits: { pastEpochs: -1 } })).toThrow(RangeError)
    expect(() => Party.of("limits", ["alice"], { limits: { members: 0 } })).toThrow(RangeError)
    const extensions = [{ extensionType: EXTENSION_TYPES.externalSenders, extensionData: Uint8Array.of(9) }]
    expect(() => Party.of("extensions", ["alice"], { extensions })).toThrow(RangeError)
  })

  it("takes in newcomers, who then agree with everybody else", () => {
    const party = Party.of("newcomers", ["alice", "bob", "carol"])
    expect(authenticators(party).size).toBe(1)
    expect(
      party
        .group("carol")
        .members()
        .map(({ leafIndex }) => leafIndex),
    ).toEqual([0, 1, 2])
    expect(party.group("bob").member(2)?.credential).toEqual({ kind: "basic", identity: toUtf8("carol") })
    expect(party.group("bob").member(3)).toBeUndefined()
  })

  it("hands the tree to newcomers beside the Welcome", () => {
    const party = Party.of("tree beside", ["alice", "bob"])
    party.add("bob", ["carol"], { treeInWelcome: false })
    expect(authenticators(party).size).toBe(1)
  })

  it("carries messages between all members in both directions", () => {
    const party = Party.of("messages", ["alice", "bob", "carol"])
    const hello = party.say("alice", "hello")
    expect([party.hear("bob", hello), party.hear("carol", hello)]).toEqual(["hello", "hello"])
    const answer = party.say("carol", "hi")
    expect([party.hear("alice", answer), party.hear("bob", answer)]).toEqual(["hi", "hi"])
  })

  it("knows that a key of its epoch was used, by a text or a commit, also after a restart and not in the next epoch", () => {
    const party = Party.of("used", ["alice", "bob"])
    party.hear("bob", party.say("alice", "hello"))
    expect([party.group("alice").hasSent, party.group("bob").hasSent]).toEqual([true, false])
    expect(party.restart("alice").hasSent).toBe(true)
    const bob = party.group("bob")
    const { random, nowMs } = party
    const made = bob.stageCommit({ authenticatedData: new Uint8Array(0), random, nowMs })
    if (made.kind === "refused") throw new Error(made.reason)
    bob.clear(made.staged)
    expect(bob.hasSent).toBe(true)
    party.add("alice", ["carol"])
    expect(party.names.map((name) => party.group(name).hasSent)).toEqual([false, false, false])
  })

  it("tells who wrote, in which epoch, and with what beside", () => {
    const party = Party.of("about", ["alice", "bob"])
    const { random, nowMs } = party
    const message = party.group("bob").protect(toUtf8("hello"), { authenticatedData: toUtf8("header"), random })
    expect(party.group("alice").receive(message, nowMs)).toEqual({
      kind: "application",
      senderLeafIndex: 1,
      epoch: 1n,
      generation: 0,
      plaintext: toUtf8("hello"),
      authenticatedData: toUtf8("header"),
    })
  })

  it("pads so that messages of one bucket have one length", () => {
    const party = Party.of("padding", ["alice", "bob"])
    const seal = (text: string): Uint8Array =>
      party.group("alice").protect(toUtf8(text), {
        authenticatedData: new Uint8Array(0),
        paddedBytes: (contentBytes) => Math.ceil(contentBytes / 256) * 256,
        random: party.random,
      })
    const [short, long] = [seal("a"), seal("a".repeat(100))]
    expect(short.length).toBe(long.length)
    expect(party.hear("bob", short)).toBe("a")
    expect(party.hear("bob", long)).toBe("a".repeat(100))
  })

  it("does not use up a key when the padding asked for is too short", () => {
    const party = Party.of("bad padding", ["alice", "bob"])
    const { random } = party
    const bad = { authenticatedData: new Uint8Array(0), paddedBytes: () => 1, random }
    expect(() => party.group("alice").protect(toUtf8("long text"), bad)).toThrow(RangeError)
    expect(party.group("bob").receive(party.say("alice", "fine"), party.nowMs)).toMatchObject({ generation: 0 })
  })

  it("exports the same secrets to all members, others for other labels, contexts and epochs", () => {
    const party = Party.of("exporter", ["alice", "bob"])
    const secret = (name: string, label: string, context: string): string =>
      toHex(party.group(name).export(label, toUtf8(context), 32))
    const before = secret("alice", "audio", "1")
    expect(secret("bob", "audio", "1")).toBe(before)
    expect(new Set([before, secret("alice", "text", "1"), secret("alice", "audio", "2")]).size).toBe(3)
    party.commit("bob")
    expect(secret("alice", "audio", "1")).not.toBe(before)
  })

  it("agrees on new extensions of the group, and brings newcomers up to date", () => {
    const capabilities = { extensions: [0xf001] }
    const party = Party.of("extensions", ["alice", "bob"], { capabilities })
    const extensions = [{ extensionType: 0xf001, extensionData: toUtf8("name") }]
    party.commit("alice", { extensions })
    party.add("bob", ["carol"])
    expect(party.names.map((name) => party.group(name).extensions)).toEqual([extensions, extensions, extensions])
  })

  it("stays in agreement through any history of commits, restarts and messages", () => {
    const step = fc.record({
      kind: fc.constantFrom("add", "remove", "refresh", "partial", "restart", "text"),
      by: fc.nat({ max: 11 }),
      whom: fc.nat({ max: 11 }),
      wireFormat: fc.constantFrom("private", "public"),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 30 }), (steps) => {
        const party = Party.of("history", ["alice", "bob"])
        let count = 0
        for (const { kind, by, whom, wireFormat } of steps) {
          const actor = party.names[by % party.names.length] ?? ""
          const other = party.names[whom % party.names.length] ?? ""
          if (kind === "add") party.add(actor, [`member ${count++}`], { wireFormat, forcePath: true })
          if (kind === "partial") party.add(actor, [`member ${count++}`, `member ${count++}`], { wireFormat })
          if (kind === "refresh") party.commit(actor, { wireFormat })
          if (kind === "restart") party.restart(actor)
          if (kind === "remove" && other !== actor) {
            party.commit(actor, { wireFormat, removes: [party.group(other).ownLeafIndex] })
          }
          if (kind === "text" && other !== actor) expect(party.hear(other, party.say(actor, "text"))).toBe("text")
          expect(authenticators(party).size).toBe(1)
        }
      }),
      { numRuns: 12, seed: 9420 },
    )
  })
})

/** The authenticator of a later epoch for one who knows the epoch before and everything public, and no path secret. */
function guessAuthenticator({ suite }: Party, before: GroupState, after: Epoch): Uint8Array {
  const noSecret = new Uint8Array(suite.sizes.hashBytes)
  const joiner = joinerSecret(suite, before.epoch.secrets.initSecret, noSecret, after.context)
  return epochSecrets(suite, memberSecret(suite, joiner, noSecret), after.context).epochAuthenticator
}

describe("removing a member", () => {
  it("always brings fresh keys: a lone Remove carries a path", () => {
    const party = Party.of("lone remove", ["alice", "bob", "carol"])
    const { staged } = party.stage("alice", { removes: [2] })
    expect(staged.report.updated.map(({ leafIndex }) => leafIndex)).toEqual([0])
  })

  it("tells the one who is removed, and ends the group for them", () => {
    const party = Party.of("removed", ["alice", "bob", "carol"])
    const carol = party.group("carol")
    const { commit } = party.stage("alice", { removes: [2] })
    const received = carol.receive(commit, party.nowMs)
    if (received.kind !== "commit") throw new Error(received.kind)
    expect(carol.merge(received.staged)).toMatchObject({ selfRemoved: true, removed: [{ leafIndex: 2 }] })
    expect(carol.phase).toBe("removed")
    expect(() => party.say("carol", "still here")).toThrow(TypeError)
    expect(() => carol.export("x", new Uint8Array(0), 32)).toThrow(TypeError)
    expect(party.hear("carol", party.say("bob", "is she gone?"))).toBe("group_inactive")
  })

  it("leaves nothing behind that opens the next epoch, to one who keeps all they had", () => {
    const party = Party.of("eviction", ["alice", "bob", "carol"])
    const carol = party.insidesOf("carol")
    party.commit("alice", { removes: [2] })
    const after = party.insidesOf("bob").epoch
    const publicKeys = [0, 1, 2, 3, 4].flatMap((nodeIndex) => {
      const privateKey = carol.epoch.keys.key(nodeIndex)
      return privateKey === undefined ? [] : [party.suite.kemPublicKey(privateKey) ?? new Uint8Array(0)]
    })
    expect(publicKeys.length).toBeGreaterThan(0)
    expect(publicKeys.filter((key) => after.tree.index.hasEncryptionKey(key))).toEqual([])
    expect(guessAuthenticator(party, carol, after)).not.toEqual(after.secrets.epochAuthenticator)
  })

  it("is why the path is there: a commit without one can be followed with the init secret alone", () => {
    const party = Party.of("no path", ["alice", "bob"])
    const before = party.insidesOf("bob")
    const { staged } = party.commit("alice", { adds: [party.keyPackage("carol").keyPackage] })
    const after = party.insidesOf("alice").epoch
    expect(staged.report.updated).toEqual([])
    expect(guessAuthenticator(party, before, after)).toEqual(after.secrets.epochAuthenticator)
  })

  it("lets the seat be taken again by somebody else", () => {
    const party = Party.of("seat", ["alice", "bob", "carol"])
    party.commit("alice", { removes: [1] })
    party.add("carol", ["dave"])
    expect(party.group("dave").ownLeafIndex).toBe(1)
    expect(authenticators(party).size).toBe(1)
  })
})
