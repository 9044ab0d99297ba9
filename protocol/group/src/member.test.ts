import { suite0001 } from "@qpc/crypto/node"
import { receiveEnvelope } from "@qpc/envelope"
import { equalBytes, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { LayerLine } from "./trace.ts"
import { nth } from "./testing/nth.ts"
import { agree, envelopeOf, told, World } from "./testing/world.ts"

const DAY_MS = 86_400_000

describe("a conversation", () => {
  it("of two carries texts both ways, with their authenticated sender", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.text("hello bob")
    world.settle()
    bob.text("hello alice")
    world.settle()
    expect(told(bob, "text")).toEqual([
      {
        kind: "text",
        sender: alice.self,
        device: alice.inboxKey,
        mid: nth(told(alice, "text_sealed")).mid,
        text: "hello bob",
        sentAtMs: world.clock.nowMs,
        epoch: 1n,
        disappearAfterSeconds: 0,
      },
    ])
    expect(told(alice, "text")).toMatchObject([{ sender: bob.self, text: "hello alice" }])
    expect(agree([alice, bob])).toBe(true)
  })

  it.each([3, 20])("of %d reaches everyone once", (memberCount) => {
    const world = new World(suite0001)
    const members = world.group(memberCount)
    for (const [i, member] of members.entries()) member.text(`from ${i}`)
    world.settle()
    expect(agree(members)).toBe(true)
    for (const [i, member] of members.entries()) {
      const others = members.map((_, other) => `from ${other}`).filter((_, other) => other !== i)
      expect(member.shown().toSorted()).toEqual(others.toSorted())
    }
  })

  it("of one needs no network", () => {
    const world = new World(suite0001)
    const [alone] = world.group(1)
    expect(alone.text("note to self")).toMatchObject({ outgoing: [], events: [{ kind: "text_sealed" }] })
  })

  it("repeats byte for byte from the same randomness", () => {
    const [envelope, again] = [1, 2].map(() => {
      const [alice] = new World(suite0001, 7).group(3)
      return toHex(envelopeOf(alice.text("the same")))
    })
    expect(envelope).toBe(again)
  })

  it("keeps its name", () => {
    const [alice, bob] = new World(suite0001).group(2)
    expect([alice.member.name, bob.member.name]).toEqual(["garden", "garden"])
  })
})

describe("inviting", () => {
  it("sends the commit to all old members and the Welcome to the newcomers, as one claim", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const carol = world.device()
    const { outgoing } = alice.send({ kind: "invite", keyPackages: [carol.keyPackage()] })
    expect(outgoing).toHaveLength(1)
    const { deliveries, claim } = nth(outgoing)
    expect(deliveries.map(({ recipients }) => recipients)).toEqual([[alice.self, bob.self], [carol.self]])
    expect(deliveries.map(({ envelope }) => receiveEnvelope(envelope))).toMatchObject([
      { kind: "envelope", envelope: { kind: "commit", epoch: 1n, groupId: alice.member.groupId } },
      { kind: "envelope", envelope: { kind: "welcome", epoch: 2n, groupId: alice.member.groupId } },
    ])
    expect(claim).toEqual({
      epoch: 1n,
      membersAfter: [alice.self, bob.self, carol.self],
      authenticatorHash: expect.any(Uint8Array),
    })
    world.settle()
    expect(claim?.authenticatorHash).toEqual(suite0001.hash(alice.member.epochAuthenticator))
  })

  it("takes effect for its author when the commit comes back, and not before", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const carol = world.device()
    alice.send({ kind: "invite", keyPackages: [carol.keyPackage()] })
    alice.flush(world.service)
    expect([alice.member.epoch, alice.member.members().length]).toEqual([1n, 2])
    alice.receiveNext(world.service)
    expect([alice.member.epoch, alice.member.members().length]).toEqual([2n, 3])
    expect(alice.events).toMatchObject([
      { kind: "intent_queued" },
      { kind: "members_changed", epoch: 2n, by: alice.self, added: [carol.self], removed: [], left: [] },
      { kind: "epoch_changed", epoch: 2n },
      { kind: "intent_done", intentId: nth(told(alice, "intent_queued")).intentId },
    ])
  })

  it("tells the newcomer who invited them, and the others who came", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const carol = world.device()
    alice.send({ kind: "invite", keyPackages: [carol.keyPackage()] })
    world.settle()
    expect(carol.events).toMatchObject([
      { kind: "joined", epoch: 2n, by: alice.self },
      { kind: "epoch_changed", authenticator: alice.member.epochAuthenticator },
    ])
    expect(told(bob, "members_changed")).toMatchObject([{ by: alice.self, added: [carol.self] }])
    expect(agree([alice, bob, carol])).toBe(true)
  })

  it("of somebody who is in the group already is done at once", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const { outgoing, events } = alice.send({ kind: "invite", keyPackages: [bob.keyPackage()] })
    expect(outgoing).toEqual([])
    expect(events).toMatchObject([{ kind: "intent_queued" }, { kind: "intent_done", epoch: 1n }])
  })

  it("is refused with a key package that expired, is damaged, or comes twice", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const carol = world.device()
    const damaged = carol.keyPackage()
    damaged[60] = 255 - nth([...damaged], 60)
    const expired = carol.keyPackage(DAY_MS)
    const refused = [{ kind: "refused", reason: "key_package_rejected" }]
    expect(alice.send({ kind: "invite", keyPackages: [damaged] }).events).toEqual(refused)
    expect(alice.send({ kind: "invite", keyPackages: [carol.keyPackage(), carol.keyPackage()] }).events).toEqual(
      refused,
    )
    world.clock.nowMs += 2 * DAY_MS
    expect(alice.send({ kind: "invite", keyPackages: [expired] }).events).toEqual(refused)
    expect(alice.outbox).toEqual([])
  })

  it("is refused beyond the group's limit", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2, { limits: { members: 2 } })
    const { events } = alice.send({ kind: "invite", keyPackages: [world.device().keyPackage()] })
    expect(events).toEqual([{ kind: "refused", reason: "group_full" }])
  })

  it("of nobody is a bug of the caller", () => {
    const [alice] = new World(suite0001).group(1)
    expect(() => alice.send({ kind: "invite", keyPackages: [] })).toThrow(RangeError)
    expect(() => alice.send({ kind: "remove", members: [] })).toThrow(RangeError)
    expect(() => alice.send({ kind: "remove", members: [alice.self] })).toThrow(RangeError)
    expect(() => alice.text("\ud800")).toThrow(RangeError)
  })
})

describe("removing", () => {
  it("tells everyone, and ends the group for who was removed", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    alice.send({ kind: "remove", members: [bob.self] })
    world.settle()
    expect(agree([alice, carol])).toBe(true)
    expect(told(carol, "members_changed")).toMatchObject([{ by: alice.self, added: [], removed: [bob.self] }])
    expect(told(bob, "removed_from_group")).toEqual([{ kind: "removed_from_group", epoch: 2n, by: alice.self }])
    expect(bob.member.isActive).toBe(false)
    expect(bob.text("still here?").events).toEqual([{ kind: "refused", reason: "not_a_member" }])
    expect(bob.send({ kind: "update_keys" }).events).toEqual([{ kind: "refused", reason: "not_a_member" }])
  })

  it("keeps the removed member from everything that follows", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    alice.send({ kind: "remove", members: [bob.self] })
    world.settle()
    const envelope = envelopeOf(alice.text("without bob"))
    expect(bob.receive(envelope).events).toMatchObject([{ kind: "dropped", reason: "not_a_member" }])
    world.settle()
    expect(carol.shown()).toEqual(["without bob"])
    expect(bob.shown()).toEqual([])
  })

  it("survives a restart of the removed member", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "remove", members: [bob.self] })
    world.settle()
    bob.restart()
    expect(bob.text("hm").events).toEqual([{ kind: "refused", reason: "not_a_member" }])
  })

  it("still shows a late text of the removed member under their name, also when the place is taken again", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    const late = envelopeOf(bob.text("written before"))
    bob.outbox = []
    alice.send({ kind: "remove", members: [bob.self] })
    world.settle()
    const dave = world.device()
    alice.send({ kind: "invite", keyPackages: [dave.keyPackage()] })
    world.settle()
    carol.receive(late)
    expect(told(carol, "text")).toMatchObject([{ sender: bob.self, text: "written before", epoch: 1n }])
  })

  it("of somebody who is gone already is done at once", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const stranger = world.device()
    expect(alice.send({ kind: "remove", members: [stranger.self] }).events).toMatchObject([
      { kind: "intent_queued" },
      { kind: "intent_done" },
    ])
  })

  it("lets somebody come back with a fresh key package", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "remove", members: [bob.self] })
    world.settle()
    alice.send({ kind: "invite", keyPackages: [bob.keyPackage()] })
    alice.flush(world.service)
    alice.receiveNext(world.service)
    expect(bob.join(nth(world.service.inbox(bob.inboxKey))).kind).toBe("joined")
    expect(agree([alice, bob])).toBe(true)
  })
})

describe("updating keys", () => {
  it("opens a new epoch with the same people", () => {
    const world = new World(suite0001)
    const members = world.group(3)
    const before = nth(members, 0).member.epochAuthenticator
    nth(members, 1).send({ kind: "update_keys" })
    world.settle()
    expect(agree(members)).toBe(true)
    expect(nth(members, 0).member.epoch).toBe(2n)
    expect(equalBytes(nth(members, 0).member.epochAuthenticator, before)).toBe(false)
    expect(told(nth(members, 0), "members_changed")).toEqual([])
  })

  it("lets texts of the old epoch arrive late, for three epochs", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const texts = ["first", "second"].map((text) => envelopeOf(alice.text(text)))
    alice.outbox = []
    for (let epoch = 0; epoch < 3; epoch++) {
      bob.send({ kind: "update_keys" })
      world.settle()
    }
    bob.receive(nth(texts, 0))
    expect(bob.shown()).toEqual(["first"])
    bob.send({ kind: "update_keys" })
    world.settle()
    expect(bob.receive(nth(texts, 1)).events).toMatchObject([{ kind: "dropped", reason: "epoch_too_old", code: 3 }])
  })
})

describe("sizes", () => {
  it("of texts in one bucket are equal on the wire", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const sizes = ["", "a", "hello", "x".repeat(90)].map((text) => {
      return envelopeOf(alice.text(text)).length
    })
    expect(new Set(sizes).size).toBe(1)
  })

  it("grow from bucket to bucket", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const sizes = ["a", "x".repeat(300)].map((text) => {
      return envelopeOf(alice.text(text)).length
    })
    expect(nth(sizes, 1) - nth(sizes)).toBe(256)
  })

  it("of a text are limited", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2, { limits: { textBytes: 4 } })
    expect(alice.text("äöü").events).toEqual([{ kind: "refused", reason: "text_too_large" }])
    expect(alice.text("äö").events).toMatchObject([{ kind: "text_sealed" }])
  })
})

describe("the trace", () => {
  it("has one line per layer, down and up, and no content", () => {
    const lines: LayerLine[] = []
    const world = new World(suite0001)
    const [alice] = world.group(2, { onLayer: (line) => lines.push(line) })
    lines.length = 0
    alice.text("a secret text")
    world.settle()
    expect(lines.map(({ layer, direction }) => `${layer} ${direction}`)).toEqual([
      "gtp down",
      "gbp down",
      "mls down",
      "envelope down",
      "envelope up",
      "mls up",
      "gbp up",
      "gtp up",
    ])
    expect(JSON.stringify(lines)).not.toContain("secret")
    const sizes = lines.map(({ bytesIn, bytesOut }) => [bytesIn, bytesOut])
    expect(nth(sizes)[0]).toBe("a secret text".length)
    expect(nth(sizes, 7)[1]).toBe("a secret text".length)
    expect(sizes.slice(0, 4).map(([, out]) => out)).toEqual(
      sizes
        .slice(0, 4)
        .map(([, out]) => out)
        .toSorted((a, b) => a! - b!),
    )
  })
})
