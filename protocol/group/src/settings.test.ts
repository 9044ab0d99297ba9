import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import type { Content } from "./content.ts"
import { ADMIN_ROLE, DEFAULT_ROLES, MEMBER_ROLE, MODERATOR_ROLE, PERMISSIONS } from "@qpc/gsp"
import type { RoleId } from "@qpc/gsp"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { agree, envelopeOf, EQUALS, told, World } from "./testing/world.ts"

const assigning = (device: Device, role: RoleId): Content => ({
  kind: "set_roles",
  assignments: [{ identityKey: device.self, role }],
  permissions: new Map(),
})
const allowing = (role: RoleId, bits: number): Content => ({
  kind: "set_roles",
  assignments: [],
  permissions: new Map([[role, bits]]),
})
const SILENT = new Map([...DEFAULT_ROLES, [MEMBER_ROLE, PERMISSIONS.invite]])

/** An admin, a moderator and two members. */
function ranks() {
  const world = new World(suite0001)
  const [admin, moderator, member, other] = world.group(4) as [Device, Device, Device, Device]
  admin.send(assigning(moderator, MODERATOR_ROLE))
  world.settle()
  for (const device of world.devices) device.events.length = 0
  return { world, admin, moderator, member, other, newcomer: world.device() }
}

describe("a group's settings", () => {
  it("begin with an admin and are the same for whoever joins", () => {
    const [alice, bob] = new World(suite0001).group(2)
    expect(alice.member.settings).toMatchObject({ name: "garden", disappearAfterSeconds: 0, isClosed: false })
    expect(alice.member.settings?.assignments).toEqual([{ identityKey: alice.self, role: ADMIN_ROLE }])
    expect(bob.member.settings).toEqual(alice.member.settings)
  })

  it.each<[what: string, content: Content, after: object]>([
    ["name", { kind: "rename", name: "orchard" }, { name: "orchard" }],
    ["timer", { kind: "set_timer", disappearAfterSeconds: 3600 }, { disappearAfterSeconds: 3600 }],
    ["closed", { kind: "close" }, { isClosed: true }],
    ["roles", allowing(MODERATOR_ROLE, PERMISSIONS.invite), {}],
  ])("change for all, restarted or not: %s", (what, content, after) => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3)
    alice.send(content)
    alice.restart()
    world.settle()
    carol.restart()
    expect(agree([alice, bob, carol])).toBe(true)
    for (const device of [alice, bob, carol]) {
      expect(told(device, "settings_changed")).toMatchObject([{ by: alice.self, changed: [what], epoch: 2n }])
      expect(device.member.settings).toMatchObject(after)
    }
    expect(told(alice, "intent_done")).toHaveLength(1)
  })

  it("say who has another role now, and not whose role ended with their leaving", () => {
    const { world, admin, moderator, member } = ranks()
    admin.send(assigning(member, ADMIN_ROLE))
    admin.send({ kind: "remove", members: [moderator.self] })
    world.settle()
    expect(told(member, "settings_changed")).toMatchObject([
      { changed: ["roles"], assigned: [{ identityKey: member.self, role: ADMIN_ROLE }] },
    ])
    expect(member.member.settings?.assignments).toHaveLength(2)
  })

  it("take no commit to be what they are", () => {
    const [alice] = new World(suite0001).group(1)
    const step = alice.send({ kind: "rename", name: "garden" })
    expect(step.outgoing).toEqual([])
    expect(step.events.map(({ kind }) => kind)).toEqual(["intent_queued", "intent_done"])
  })
})

describe("a role", () => {
  it.each<[who: "admin" | "moderator" | "member", kind: Content["kind"], refusal: string | undefined]>([
    ["admin", "invite", undefined],
    ["moderator", "invite", undefined],
    ["member", "invite", undefined],
    ["admin", "remove", undefined],
    ["moderator", "remove", undefined],
    ["member", "remove", "remove_not_allowed"],
    ["admin", "rename", undefined],
    ["moderator", "rename", "settings_not_allowed"],
    ["member", "rename", "settings_not_allowed"],
    ["admin", "set_timer", undefined],
    ["moderator", "set_timer", "settings_not_allowed"],
    ["admin", "close", undefined],
    ["moderator", "close", "close_not_allowed"],
    ["admin", "set_roles", undefined],
    ["moderator", "set_roles", "roles_not_allowed"],
    ["member", "set_roles", "roles_not_allowed"],
  ])("of %s decides about %s: %s", (who, kind, refusal) => {
    const all = ranks()
    const contents: Partial<Record<Content["kind"], Content>> = {
      invite: { kind: "invite", keyPackages: [all.newcomer.keyPackage()] },
      remove: { kind: "remove", members: [all.other.self] },
      rename: { kind: "rename", name: "orchard" },
      set_timer: { kind: "set_timer", disappearAfterSeconds: 60 },
      close: { kind: "close" },
      set_roles: assigning(all.other, MODERATOR_ROLE),
    }
    const { outgoing, events } = all[who].send(contents[kind]!)
    expect(events).toMatchObject([
      refusal === undefined ? { kind: "intent_queued" } : { kind: "refused", reason: refusal },
    ])
    expect(outgoing).toHaveLength(refusal === undefined ? 1 : 0)
    all.world.settle()
    expect(agree([all.admin, all.moderator, all.member])).toBe(true)
  })

  it("does not reach those above it, nor leave a group without an admin", () => {
    const { admin, moderator } = ranks()
    expect(moderator.send({ kind: "remove", members: [admin.self] }).events).toMatchObject([
      { kind: "refused", reason: "remove_above_own" },
    ])
    expect(admin.send(assigning(admin, MEMBER_ROLE)).events).toMatchObject([{ reason: "no_admin_left" }])
  })

  it("is one that there is, of somebody in the group", () => {
    const { admin, member, newcomer } = ranks()
    expect(admin.send(assigning(member, 77)).events).toMatchObject([{ reason: "role_unknown" }])
    expect(admin.send(assigning(newcomer, MODERATOR_ROLE)).events).toMatchObject([{ reason: "role_of_stranger" }])
  })

  it("that does not let somebody write keeps them from writing", () => {
    const [alice, bob] = new World(suite0001).group(2, { roles: SILENT })
    expect(bob.text("?").events).toEqual([{ kind: "refused", reason: "text_not_allowed" }])
    expect(alice.text("!").events).toMatchObject([{ kind: "text_sealed" }])
  })
})

describe("a text", () => {
  it("is judged by the settings of its epoch, also after a restart", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const late = envelopeOf(bob.text("written before"))
    bob.outbox = []
    alice.send(allowing(MEMBER_ROLE, 0))
    alice.flush(world.service)
    alice.receiveNext(world.service)
    alice.restart()
    alice.receive(late)
    expect(alice.shown()).toEqual(["written before"])
  })
})

describe("the timer", () => {
  it("of a text is that of its epoch, for its author and its readers, however late it comes", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "set_timer", disappearAfterSeconds: 60 })
    world.settle()
    const late = envelopeOf(bob.text("under a minute"))
    bob.outbox = []
    expect(told(bob, "text_sealed")).toMatchObject([{ disappearAfterSeconds: 60 }])
    alice.send({ kind: "set_timer", disappearAfterSeconds: 0 })
    alice.flush(world.service)
    alice.receiveNext(world.service)
    alice.restart()
    alice.receive(late)
    expect(told(alice, "text")).toMatchObject([{ text: "under a minute", disappearAfterSeconds: 60 }])
  })
})

describe("a closed group", () => {
  it("can be read, and nothing else", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { limits: { keptTexts: 0 } })
    const late = envelopeOf(bob.text("last words"))
    bob.outbox = []
    alice.send({ kind: "close" })
    alice.send({ kind: "update_keys" })
    alice.send({ kind: "rename", name: "too late" })
    bob.send({ kind: "update_keys" })
    alice.flush(world.service)
    world.settle()
    alice.receive(late)
    expect(alice.shown()).toEqual(["last words"])
    expect(told(alice, "intent_failed")).toMatchObject([{ reason: "group_closed" }, { reason: "group_closed" }])
    expect(told(bob, "intent_failed")).toMatchObject([{ reason: "group_closed" }])
    expect(bob.text("?").events).toEqual([{ kind: "refused", reason: "group_closed" }])
    expect(alice.send({ kind: "update_keys" }).events).toEqual([{ kind: "refused", reason: "group_closed" }])
    expect(alice.send({ kind: "close" }).events).toMatchObject([{ kind: "intent_queued" }, { kind: "intent_done" }])
    expect(alice.tick().wakeAtMs).toBeUndefined()
    expect(alice.member.isActive).toBe(true)
  })
})

describe("changes that meet", () => {
  it("go into one commit, and each is told of its end", () => {
    const { world, admin, moderator, member, other, newcomer } = ranks()
    const before = admin.member.epoch
    admin.send({ kind: "update_keys" })
    admin.send({ kind: "rename", name: "orchard" })
    admin.send({ kind: "invite", keyPackages: [newcomer.keyPackage()] })
    admin.send({ kind: "remove", members: [other.self] })
    admin.send({ kind: "set_timer", disappearAfterSeconds: 60 })
    admin.restart()
    world.settle()
    expect(admin.member.epoch).toBe(before + 2n)
    expect(told(admin, "intent_done")).toHaveLength(5)
    expect(agree([admin, moderator, member, newcomer])).toBe(true)
    expect(newcomer.member.settings).toMatchObject({ name: "orchard", disappearAfterSeconds: 60 })
  })

  it("keep their order where they are about one person", () => {
    const { world, admin, moderator, member, other } = ranks()
    admin.send({ kind: "update_keys" })
    admin.send({ kind: "remove", members: [other.self] })
    admin.send({ kind: "invite", keyPackages: [other.keyPackage()] })
    world.settle()
    expect(told(admin, "intent_done")).toHaveLength(3)
    expect(admin.member.members()).toHaveLength(4)
    expect(agree([admin, moderator, member])).toBe(true)
  })

  it("do not spoil each other when the service takes none of them together", () => {
    const { world, admin, moderator, member, newcomer } = ranks()
    admin.send({ kind: "update_keys" })
    admin.send({ kind: "invite", keyPackages: [newcomer.keyPackage()] })
    admin.send({ kind: "rename", name: "orchard" })
    admin.flush(world.service)
    world.settle()
    expect(told(admin, "intent_done")).toHaveLength(3)
    admin.events.length = 0
    const stranger = world.device()
    admin.send({ kind: "update_keys" })
    admin.send({ kind: "invite", keyPackages: [stranger.keyPackage()] })
    admin.send({ kind: "rename", name: "meadow" })
    admin.flush(world.service)
    admin.receiveNext(world.service)
    for (let refused = 0; refused < 2; refused++) {
      const { messageId } = nth(admin.outbox)
      admin.outbox = []
      admin.take(admin.member.abandon(messageId, world.clock.nowMs))
      admin.restart()
    }
    world.settle()
    expect(told(admin, "intent_failed")).toMatchObject([{ reason: "refused_by_service" }])
    expect(told(admin, "intent_done")).toHaveLength(2)
    expect(admin.member.name).toBe("meadow")
    expect(agree([admin, moderator, member, newcomer])).toBe(true)
  })

  it("end well when the one who renames is removed meanwhile", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { roles: EQUALS })
    alice.send({ kind: "remove", members: [bob.self] })
    bob.send({ kind: "rename", name: "mine" })
    alice.flush(world.service)
    world.settle()
    expect(told(bob, "intent_failed")).toMatchObject([{ reason: "removed_from_group" }])
    expect(agree([alice, carol])).toBe(true)
    expect(carol.member.name).toBe("garden")
  })

  it("are given up where the role behind them was taken away meanwhile", () => {
    const { world, admin, moderator, member, other } = ranks()
    admin.send(assigning(moderator, MEMBER_ROLE))
    moderator.send({ kind: "remove", members: [other.self] })
    moderator.restart()
    admin.flush(world.service)
    world.settle()
    expect(told(moderator, "intent_failed")).toMatchObject([{ reason: "remove_not_allowed" }])
    expect(agree([admin, moderator, member, other])).toBe(true)
  })

  it("of two who want the same need one commit", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { roles: EQUALS })
    alice.send({ kind: "rename", name: "orchard" })
    bob.send({ kind: "rename", name: "orchard" })
    world.settle()
    expect(alice.member.epoch).toBe(2n)
    for (const device of [alice, bob]) expect(told(device, "intent_done")).toHaveLength(1)
  })
})

describe("a caller's mistake", () => {
  const [alice] = new World(suite0001).group(1)
  it.each<[string, Content]>([
    ["an empty name", { kind: "rename", name: "" }],
    ["a name that is too long", { kind: "rename", name: "x".repeat(257) }],
    ["more than a year", { kind: "set_timer", disappearAfterSeconds: 366 * 86_400 + 1 }],
    ["no role at all", { kind: "set_roles", assignments: [], permissions: new Map() }],
    ["a permission that there is not", allowing(MEMBER_ROLE, 1 << 9)],
    ["a number that is no role", assigning(alice, 256)],
  ])("is thrown: %s", (_what, content) => {
    expect(() => alice.send(content)).toThrow(RangeError)
  })
})
