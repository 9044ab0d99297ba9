import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { ADMIN_ROLE, DEFAULT_ROLES, MEMBER_ROLE } from "@qpc/gsp"
import { roleOf } from "./permissions.ts"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { agree, envelopeOf, EQUALS, told, World } from "./testing/world.ts"

const LEAVE = { kind: "leave" } as const
/** Long enough for everybody in a small group to have their turn. */
const A_WHILE_MS = 120_000

/** A group in which nothing is under way, whose first member is its admin. */
function groupOf(memberCount: number, roles: "ranks" | "equals" = "ranks"): { world: World; members: Device[] } {
  const world = new World(suite0001)
  return { world, members: world.group(memberCount, { roles: roles === "ranks" ? DEFAULT_ROLES : EQUALS }) }
}

function makeAdmin(by: Device, { self: identityKey }: Device): void {
  by.send({ kind: "set_roles", assignments: [{ identityKey, role: ADMIN_ROLE }], permissions: new Map() })
}

const hasLeft = (device: Device): boolean => !device.member.isActive && told(device, "left_group").length === 1

describe("leaving", () => {
  it("is carried out at once by the member right of who asked, whatever their role", () => {
    const { world, members } = groupOf(4)
    const [alice, bob, carol, dave] = members as [Device, Device, Device, Device]
    bob.send(LEAVE)
    expect(bob.member.isLeaving).toBe(true)
    world.settle()
    world.run(0)
    expect(hasLeft(bob)).toBe(true)
    expect(agree([alice, carol, dave])).toBe(true)
    expect(told(dave, "members_changed")).toMatchObject([{ by: carol.self, removed: [bob.self], left: [bob.self] }])
    expect(told(bob, "intent_done")).toHaveLength(1)
    expect(told(bob, "removed_from_group")).toEqual([])
    expect(bob.member.openIntentCount).toBe(0)
    expect(bob.text("?").events).toEqual([{ kind: "refused", reason: "not_a_member" }])
  })

  it("passes over those who are offline, one turn after the other", () => {
    const { world, members } = groupOf(4)
    const [alice, bob, carol, dave] = members as [Device, Device, Device, Device]
    bob.send(LEAVE)
    bob.flush(world.service)
    for (const device of [alice, dave]) device.receiveNext(world.service)
    const turns = [dave, alice].map(({ wakeAtMs }) => wakeAtMs! - world.clock.nowMs)
    expect(turns[0]).toBeGreaterThanOrEqual(10_000)
    expect(turns[0]).toBeLessThan(20_000)
    expect(turns[1]).toBeGreaterThanOrEqual(20_000)
    world.clock.nowMs = dave.wakeAtMs!
    dave.tick()
    world.settle()
    expect(told(carol, "members_changed")).toMatchObject([{ by: dave.self, left: [bob.self] }])
    expect(agree([alice, carol, dave])).toBe(true)
  })

  it("goes along with whatever another member changes", () => {
    const { world, members } = groupOf(3)
    const [alice, bob, carol] = members as [Device, Device, Device]
    bob.send(LEAVE)
    bob.flush(world.service)
    alice.receiveNext(world.service)
    alice.send({ kind: "rename", name: "orchard" })
    world.settle()
    expect(hasLeft(bob)).toBe(true)
    expect(alice.member.epoch).toBe(2n)
    expect(agree([alice, carol])).toBe(true)
    expect(carol.member.name).toBe("orchard")
  })

  it("is followed by those who never got the proposal: the commit brings it along", () => {
    const { world, members } = groupOf(4)
    const [alice, bob, carol, dave] = members as [Device, Device, Device, Device]
    bob.send(LEAVE)
    bob.flush(world.service)
    expect([alice, dave].map(({ inboxKey }) => world.service.take(inboxKey))).not.toContain(undefined)
    world.settle()
    world.run(0)
    expect(hasLeft(bob)).toBe(true)
    expect(agree([alice, carol, dave])).toBe(true)
    expect(told(alice, "dropped")).toEqual([])
  })

  it("is asked for anew in each epoch until somebody carries it out", () => {
    const { world, members } = groupOf(3)
    const [alice, bob, carol] = members as [Device, Device, Device]
    alice.send({ kind: "update_keys" })
    bob.send(LEAVE)
    alice.flush(world.service)
    bob.flush(world.service)
    bob.restart()
    world.settle()
    world.run(A_WHILE_MS)
    expect(hasLeft(bob)).toBe(true)
    expect(alice.member.epoch).toBe(3n)
    expect(agree([alice, carol])).toBe(true)
    expect([alice, carol].flatMap((device) => told(device, "dropped"))).toEqual([])
  })

  it("of two at once takes one commit of a third", () => {
    const { world, members } = groupOf(4)
    const [alice, bob, carol, dave] = members as [Device, Device, Device, Device]
    for (const device of [bob, carol]) device.send(LEAVE)
    world.settle()
    world.run(A_WHILE_MS)
    expect([bob, carol].map(hasLeft)).toEqual([true, true])
    expect(alice.member.epoch).toBe(2n)
    expect(agree([alice, dave])).toBe(true)
  })

  it("of everybody at once ends the group one by one", () => {
    const { world, members } = groupOf(5, "equals")
    for (const device of members) device.send(LEAVE)
    world.settle()
    world.run(10 * A_WHILE_MS)
    expect(members.map(hasLeft)).toEqual(members.map(() => true))
  })

  it("of the last one needs nobody", () => {
    const { members } = groupOf(1)
    const [alice] = members as [Device]
    const step = alice.send(LEAVE)
    expect(step.outgoing).toEqual([])
    expect(step.events.map(({ kind }) => kind)).toEqual(["intent_queued", "left_group", "intent_done"])
    alice.restart()
    expect(alice.send({ kind: "rename", name: "x" }).events).toEqual([{ kind: "refused", reason: "not_a_member" }])
  })

  it("ends a role with the membership", () => {
    const { world, members } = groupOf(3)
    const [alice, bob, carol] = members as [Device, Device, Device]
    makeAdmin(alice, bob)
    world.settle()
    alice.send(LEAVE)
    world.settle()
    world.run(0)
    expect(hasLeft(alice)).toBe(true)
    expect(agree([bob, carol])).toBe(true)
    expect(carol.member.settings?.assignments).toEqual([{ identityKey: bob.self, role: ADMIN_ROLE }])
    expect(told(carol, "settings_changed")).toHaveLength(1)
  })

  it("meets a removal: whichever comes first, they are out and the group goes on", () => {
    for (const isRemovedFirst of [true, false]) {
      const { world, members } = groupOf(3)
      const [alice, bob, carol] = members as [Device, Device, Device]
      alice.send({ kind: "remove", members: [bob.self] })
      bob.send(LEAVE)
      if (isRemovedFirst) alice.flush(world.service)
      bob.flush(world.service)
      world.settle()
      world.run(A_WHILE_MS)
      expect(bob.member.isActive).toBe(false)
      expect(told(bob, "intent_done")).toHaveLength(1)
      expect(told(bob, "intent_failed")).toEqual([])
      expect(told(alice, "intent_done")).toHaveLength(1)
      expect(agree([alice, carol])).toBe(true)
    }
  })

  it("lets a member remove who is leaving, although their role does not allow it", () => {
    const { world, members } = groupOf(3)
    const [alice, bob, carol] = members as [Device, Device, Device]
    bob.send(LEAVE)
    bob.flush(world.service)
    carol.receiveNext(world.service)
    expect(carol.send({ kind: "remove", members: [bob.self] }).events).toMatchObject([{ kind: "intent_queued" }])
    world.settle()
    expect(hasLeft(bob)).toBe(true)
    expect(told(carol, "intent_done")).toHaveLength(1)
    expect(agree([alice, carol])).toBe(true)
  })

  it("waits for what was wanted before it, and lets nothing follow", () => {
    const { world, members } = groupOf(3)
    const [alice, bob, carol] = members as [Device, Device, Device]
    bob.send({ kind: "update_keys" })
    const step = bob.send(LEAVE)
    expect(step.outgoing).toEqual([])
    for (const content of [LEAVE, { kind: "update_keys" }, { kind: "text", text: "?" }] as const) {
      expect(bob.send(content).events).toEqual([{ kind: "refused", reason: "leaving" }])
    }
    world.settle()
    world.run(0)
    expect(told(bob, "intent_done")).toHaveLength(2)
    expect(hasLeft(bob)).toBe(true)
    expect(agree([alice, carol])).toBe(true)
  })
})

describe("the last admin", () => {
  it("does not leave a group that nobody could mend", () => {
    const { members } = groupOf(2)
    const [alice, bob] = members as [Device, Device]
    const before = alice.member.toBytes()
    expect(alice.send(LEAVE).events).toEqual([{ kind: "refused", reason: "no_admin_left" }])
    expect(alice.member.toBytes()).toEqual(before)
    expect(() => alice.send({ ...LEAVE, successor: alice.self })).toThrow(RangeError)
    const stranger = new World(suite0001, 9).device()
    expect(alice.send({ ...LEAVE, successor: stranger.self }).events).toMatchObject([{ reason: "role_of_stranger" }])
    expect(bob.member.isActive).toBe(true)
  })

  it("hands over to a successor, and leaves then; through a restart at each step", () => {
    const { world, members } = groupOf(3)
    const [alice, bob, carol] = members as [Device, Device, Device]
    alice.send({ ...LEAVE, successor: bob.self })
    alice.restart()
    alice.flush(world.service)
    alice.restart()
    alice.receiveNext(world.service)
    alice.restart()
    expect(roleOf(alice.member.settings!, bob.self)).toBe(ADMIN_ROLE)
    expect(told(alice, "intent_done")).toEqual([])
    alice.flush(world.service)
    alice.restart()
    world.settle()
    for (const device of [bob, carol]) device.restart()
    world.run(0)
    expect(hasLeft(alice)).toBe(true)
    expect(told(alice, "intent_done")).toHaveLength(1)
    expect(agree([bob, carol])).toBe(true)
    expect(roleOf(carol.member.settings!, alice.self)).toBe(MEMBER_ROLE)
    alice.restart()
    expect(alice.member.isActive).toBe(false)
  })

  it("is told if the successor left first, and the group is not without one", () => {
    const { world, members } = groupOf(3)
    const [alice, bob, carol] = members as [Device, Device, Device]
    makeAdmin(alice, bob)
    world.settle()
    for (const device of [alice, bob]) device.send(LEAVE)
    for (const device of [alice, bob]) device.flush(world.service)
    world.settle()
    world.run(A_WHILE_MS)
    const [gone, stayed] = alice.member.isActive ? [bob, alice] : [alice, bob]
    expect(hasLeft(gone)).toBe(true)
    expect(told(stayed, "intent_failed")).toMatchObject([{ reason: "no_admin_left" }])
    expect(stayed.member.isLeaving).toBe(false)
    expect(agree([stayed, carol])).toBe(true)
    expect(stayed.text("still here").events).toMatchObject([{ kind: "text_sealed" }])
  })

  it("is the only one who hands over: a member's successor means nothing", () => {
    const { world, members } = groupOf(3)
    const [alice, bob, carol] = members as [Device, Device, Device]
    bob.send({ ...LEAVE, successor: carol.self })
    world.settle()
    world.run(0)
    expect(hasLeft(bob)).toBe(true)
    expect(alice.member.epoch).toBe(2n)
    expect(roleOf(alice.member.settings!, carol.self)).toBe(MEMBER_ROLE)
  })

  it("of a closed group just goes", () => {
    const { world, members } = groupOf(2)
    const [alice, bob] = members as [Device, Device]
    alice.send({ kind: "close" })
    world.settle()
    for (const device of [alice, bob]) {
      expect(device.send(LEAVE).outgoing).toEqual([])
      expect(hasLeft(device)).toBe(true)
    }
  })
})

describe("texts while somebody is leaving", () => {
  it("wait for the commit, which their author makes, and none is lost", () => {
    const { world, members } = groupOf(3)
    const [alice, bob, carol] = members as [Device, Device, Device]
    bob.send(LEAVE)
    bob.flush(world.service)
    carol.receiveNext(world.service)
    carol.outbox = []
    const [first, second] = [carol.text("one"), carol.text("two")]
    expect(first.events.map(({ kind }) => kind)).toEqual(["text_queued"])
    expect(nth(first.outgoing).claim).toMatchObject({ epoch: 1n })
    expect(second.outgoing).toEqual([])
    carol.restart()
    world.settle()
    expect(alice.shown()).toEqual(["one", "two"])
    expect(told(carol, "text_sealed").map(({ messageId, wasQueued }) => [messageId, wasQueued])).toEqual(
      told(carol, "text_queued").map(({ messageId }) => [messageId, true]),
    )
    expect(bob.shown()).toEqual([])
    expect(hasLeft(bob)).toBe(true)
  })

  it("are refused beyond a limit, and fail visibly if their author goes first", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { limits: { heldTexts: 1 } })
    bob.send(LEAVE)
    bob.flush(world.service)
    carol.receiveNext(world.service)
    carol.text("held")
    expect(carol.text("too many").events).toEqual([{ kind: "refused", reason: "too_many_texts" }])
    alice.send({ kind: "remove", members: [carol.self] })
    alice.flush(world.service)
    world.settle()
    expect(told(carol, "text_failed")).toMatchObject([{ reason: "removed_from_group" }])
  })

  it("of the one who wrote them before leaving are read", () => {
    const { world, members } = groupOf(3)
    const [alice, bob, carol] = members as [Device, Device, Device]
    const late = envelopeOf(bob.text("goodbye"))
    bob.outbox = []
    bob.send(LEAVE)
    world.settle()
    world.run(0)
    for (const device of [alice, carol]) device.receive(late)
    expect([alice, carol].map((device) => device.shown())).toEqual([["goodbye"], ["goodbye"]])
  })
})

describe("a wish to leave that nobody carries out", () => {
  it("is told of after a day and sent again, to those who lost it", () => {
    const { world, members } = groupOf(2, "equals")
    const [alice, bob] = members as [Device, Device]
    bob.send(LEAVE)
    bob.flush(world.service)
    expect(world.service.take(alice.inboxKey)).toBeDefined()
    world.clock.nowMs += 24 * 3_600_000
    bob.restart()
    const step = bob.tick()
    expect(step.events).toMatchObject([{ kind: "leave_delayed", epoch: 1n }])
    expect(bob.tick().events).toEqual([])
    world.settle()
    world.run(0)
    expect(hasLeft(bob)).toBe(true)
  })

  it("changes nothing for those who have it already", () => {
    const { world, members } = groupOf(3)
    const [alice, bob] = members as [Device, Device, Device]
    const envelope = envelopeOf(bob.send(LEAVE))
    alice.receive(envelope)
    const before = alice.member.toBytes()
    expect(alice.receive(envelope).events).toEqual([])
    expect(alice.member.toBytes()).toEqual(before)
    expect(world.service.offered.commits).toBe(1)
  })

  it("fails if the service refuses it for good, and who wanted it can go on", () => {
    const { world, members } = groupOf(3)
    const [alice, bob, carol] = members as [Device, Device, Device]
    const { messageId } = nth(bob.send(LEAVE).outgoing)
    bob.outbox = []
    bob.take(bob.member.abandon(messageId, world.clock.nowMs))
    bob.restart()
    expect(told(bob, "intent_failed")).toMatchObject([{ reason: "refused_by_service" }])
    expect(bob.text("still here").events).toMatchObject([{ kind: "text_queued" }])
    world.settle()
    expect(alice.shown()).toEqual(["still here"])
    expect(agree([alice, bob, carol])).toBe(true)
  })
})

describe("people who leave in any order of events", () => {
  it.each(Array.from({ length: 40 }, (_, i) => i + 1))("end out, and the others together: seed %d", (seed) => {
    const world = new World(suite0001, seed)
    const members = world.group(5, { roles: EQUALS })
    const leavers = members.slice(seed % 3, (seed % 3) + 1 + (seed % 2))
    const stayers = members.filter((device) => !leavers.includes(device))
    for (const device of leavers) device.send(LEAVE)
    nth(stayers, 0).send({ kind: "rename", name: "orchard" })
    nth(stayers, 1).send({ kind: "update_keys" })
    for (const device of stayers) device.text("while they leave")
    world.settleShuffled(seed, true)
    for (const device of stayers) device.text("as they go")
    world.settleShuffled(seed, true)
    world.run(10 * A_WHILE_MS)
    expect(leavers.map(hasLeft)).toEqual(leavers.map(() => true))
    expect(agree(stayers)).toBe(true)
    for (const device of stayers) {
      const expected = ["while they leave", "as they go"].flatMap((text) => stayers.slice(1).map(() => text))
      expect(device.shown().toSorted()).toEqual(expected.toSorted())
      expect(device.member.openIntentCount).toBe(0)
      expect(told(device, "dropped")).toEqual([])
    }
  })
})
