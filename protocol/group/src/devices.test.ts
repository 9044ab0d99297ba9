import { suite0001 } from "@qpc/crypto/node"
import { certifyDevice } from "@qpc/envelope"
import { toDeviceKey, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { createMember } from "./create.ts"
import { inspectKeyPackage } from "./key-packages.ts"
import { ADMIN_ROLE, MEMBER_ROLE } from "@qpc/gsp"
import { roleOf } from "./permissions.ts"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { Outlaw } from "./testing/outlaw.ts"
import { agree, envelopeOf, EQUALS, leafOf, told, World } from "./testing/world.ts"

const YEAR_MS = 366 * 86_400_000

/** Alice, and Bob with two devices. */
function linked() {
  const world = new World(suite0001)
  const [alice, bob] = world.group(2)
  const phone = world.secondDevice(bob)
  bob.send({ kind: "add_devices", keyPackages: [phone.keyPackage()] })
  world.settle()
  for (const device of world.devices) device.events.length = 0
  return { world, alice, bob, phone }
}

/** Whom a device sees in the group, and with how many devices. */
const peopleOf = ({ member }: Device) =>
  member.members().map(({ identityKey, devices }) => `${toHex(identityKey).slice(0, 4)}×${devices.length}`)
const named = ({ self }: Device, count: number) => `${toHex(self).slice(0, 4)}×${count}`

describe("a person with two devices who leaves", () => {
  it("goes with both, and the others see that they left", () => {
    const { world, alice, bob, phone } = linked()
    bob.send({ kind: "leave" })
    world.settle()
    world.run(0)
    expect([bob, phone].map(({ member }) => member.isActive)).toEqual([false, false])
    expect(told(bob, "left_group")).toHaveLength(1)
    expect(peopleOf(alice)).toEqual([named(alice, 1)])
    expect(told(alice, "members_changed")).toMatchObject([{ removed: [bob.self], left: [bob.self] }])
  })

  it("goes from each device by itself where the group is closed", () => {
    const { world, alice, bob, phone } = linked()
    alice.send({ kind: "close" })
    world.settle()
    for (const device of [bob, phone]) {
      expect(device.send({ kind: "leave" }).outgoing).toEqual([])
      expect(device.member.hasLeft).toBe(true)
    }
  })
})

describe("a person with two devices", () => {
  it("is one member, for everybody and after a restart", () => {
    const { alice, bob, phone } = linked()
    phone.restart()
    expect(agree([alice, bob, phone])).toBe(true)
    expect(peopleOf(alice)).toEqual([named(alice, 1), named(bob, 2)])
    expect([phone.member.self, phone.member.device]).toEqual([bob.self, phone.inboxKey])
  })

  it("is shown as having added the second, not as somebody who came in", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const phone = world.secondDevice(bob)
    bob.send({ kind: "add_devices", keyPackages: [phone.keyPackage()] })
    world.settle()
    expect(told(alice, "members_changed")).toEqual([])
    expect(told(alice, "devices_changed")).toEqual([
      { kind: "devices_changed", epoch: 2n, by: bob.self, added: [phone.inboxKey], removed: [] },
    ])
    expect(told(phone, "joined")).toMatchObject([{ by: bob.self }])
  })

  it("writes as one, and reads on each what the other wrote", () => {
    const { world, alice, bob, phone } = linked()
    phone.text("from the phone")
    bob.text("from the desk")
    world.settle()
    const sent = [
      { sender: bob.self, device: bob.inboxKey, text: "from the desk" },
      { sender: bob.self, device: phone.inboxKey, text: "from the phone" },
    ]
    expect(told(alice, "text")).toMatchObject(sent)
    expect(told(bob, "text")).toMatchObject([nth(sent, 1)])
    expect(told(phone, "text")).toMatchObject([nth(sent)])
  })

  it("has one role on both", () => {
    const { world, alice, bob, phone } = linked()
    const assignments = [{ identityKey: bob.self, role: ADMIN_ROLE }]
    alice.send({ kind: "set_roles", assignments, permissions: new Map() })
    world.settle()
    phone.send({ kind: "rename", name: "orchard" })
    world.settle()
    expect(alice.member.name).toBe("orchard")
    expect(told(alice, "settings_changed").at(-1)).toMatchObject({ by: bob.self })
  })

  it("leaves with both when somebody removes them, by one commit, and their role ends", () => {
    const { world, alice, bob, phone } = linked()
    const assignments = [{ identityKey: bob.self, role: ADMIN_ROLE }]
    alice.send({ kind: "set_roles", assignments, permissions: new Map() })
    world.settle()
    const { epoch } = alice.member
    alice.send({ kind: "remove", members: [bob.self] })
    world.settle()
    expect(alice.member.epoch).toBe(epoch + 1n)
    expect(told(alice, "members_changed")).toMatchObject([{ removed: [bob.self], added: [] }])
    for (const device of [bob, phone]) expect(told(device, "removed_from_group")).toMatchObject([{ by: alice.self }])
    expect(roleOf(alice.member.settings!, bob.self)).toBe(MEMBER_ROLE)
    expect(peopleOf(alice)).toEqual([named(alice, 1)])
  })

  it("stays with one when they remove the other, role and all; what it wrote before is still theirs", () => {
    const { world, alice, bob, phone } = linked()
    const late = envelopeOf(phone.text("written before"))
    phone.outbox = []
    bob.send({ kind: "remove_devices", devices: [phone.inboxKey] })
    world.settle()
    expect(told(alice, "devices_changed")).toMatchObject([{ by: bob.self, added: [], removed: [phone.inboxKey] }])
    expect(told(alice, "members_changed")).toEqual([])
    expect(told(phone, "removed_from_group")).toMatchObject([{ by: bob.self }])
    alice.receive(late)
    expect(told(alice, "text")).toMatchObject([{ sender: bob.self, device: phone.inboxKey }])
    alice.text("still here")
    world.settle()
    expect(bob.shown()).toEqual(["still here"])
    expect(phone.shown()).toEqual([])
  })

  it("may lose the first and go on with the second", () => {
    const { world, alice, bob, phone } = linked()
    phone.send({ kind: "remove_devices", devices: [bob.inboxKey] })
    world.settle()
    phone.text("found")
    world.settle()
    expect(told(alice, "text")).toMatchObject([{ sender: bob.self, device: phone.inboxKey }])
    expect(peopleOf(alice)).toEqual([named(alice, 1), named(bob, 1)])
  })

  it("leaves with both when they leave on one: nobody goes on listening", () => {
    const { world, alice, bob, phone } = linked()
    phone.send({ kind: "leave" })
    world.settle()
    world.run(10 * 60_000)
    expect(told(phone, "left_group")).toHaveLength(1)
    expect(told(bob, "removed_from_group")).toMatchObject([{ by: bob.self }])
    expect(told(alice, "members_changed")).toMatchObject([{ removed: [bob.self], left: [bob.self] }])
    expect(peopleOf(alice)).toEqual([named(alice, 1)])
  })

  it("comes in with both at once", () => {
    const world = new World(suite0001)
    const [alice] = world.group(1)
    const bob = world.device()
    const phone = world.secondDevice(bob)
    alice.send({ kind: "invite", keyPackages: [bob.keyPackage(), phone.keyPackage()] })
    world.settle()
    expect(agree([alice, bob, phone])).toBe(true)
    expect(told(alice, "members_changed")).toMatchObject([{ added: [bob.self] }])
    expect(told(alice, "devices_changed")).toEqual([])
  })

  it("may begin a group on the second, and is its admin on the first", () => {
    const world = new World(suite0001)
    const [bob, alice] = [world.device(), world.device()]
    const phone = world.secondDevice(bob)
    phone.create("garden")
    phone.send({ kind: "add_devices", keyPackages: [bob.keyPackage()] })
    phone.send({ kind: "invite", keyPackages: [alice.keyPackage()] })
    world.settle()
    bob.send({ kind: "rename", name: "orchard" })
    world.settle()
    expect(agree([alice, bob, phone])).toBe(true)
    expect(alice.member.name).toBe("orchard")
  })
})

describe("an intent about devices", () => {
  it("survives a race and a restart", () => {
    const { world, alice, bob, phone } = linked()
    const tablet = world.secondDevice(bob)
    alice.send({ kind: "update_keys" })
    phone.send({ kind: "add_devices", keyPackages: [tablet.keyPackage()] })
    bob.send({ kind: "remove_devices", devices: [phone.inboxKey] })
    bob.restart()
    phone.restart()
    world.settle()
    expect(agree([alice, bob])).toBe(true)
    expect(told(bob, "intent_done")).toHaveLength(1)
    expect(phone.member.isActive).toBe(false)
  })

  it("takes everything that a person has, also what was added while it waited", () => {
    const { world, alice, bob } = linked()
    const tablet = world.secondDevice(bob)
    bob.send({ kind: "add_devices", keyPackages: [tablet.keyPackage()] })
    bob.flush(world.service)
    alice.send({ kind: "remove", members: [bob.self] })
    world.settle()
    expect(peopleOf(alice)).toEqual([named(alice, 1)])
    expect(tablet.member.isActive).toBe(false)
  })

  it("is done where the group is like that already", () => {
    const { bob, phone } = linked()
    const again = bob.send({ kind: "add_devices", keyPackages: [phone.keyPackage()] })
    expect([again.outgoing, again.events.at(-1)?.kind]).toEqual([[], "intent_done"])
    const gone = bob.send({ kind: "remove_devices", devices: [toDeviceKey(new Uint8Array(32).fill(7))] })
    expect([gone.outgoing, gone.events.at(-1)?.kind]).toEqual([[], "intent_done"])
  })

  it("is refused for devices of others, and for more than a person may have", () => {
    const { world, alice, bob, phone } = linked()
    const more = [1, 2, 3, 4].map(() => world.secondDevice(bob).keyPackage())
    const refusals = [
      alice.send({ kind: "add_devices", keyPackages: [world.secondDevice(bob).keyPackage()] }),
      alice.send({ kind: "remove_devices", devices: [phone.inboxKey] }),
      bob.send({ kind: "add_devices", keyPackages: more }),
      bob.send({ kind: "add_devices", keyPackages: [phone.keyPackage(), phone.keyPackage()] }),
    ].flatMap(({ events }) => events)
    expect(refusals.map((event) => (event.kind === "refused" ? event.reason : event.kind))).toEqual([
      "device_of_another",
      "device_of_another",
      "too_many_devices",
      "key_package_rejected",
    ])
  })

  it("is a caller's bug without a device, or for the one that we are", () => {
    const { bob } = linked()
    expect(() => bob.send({ kind: "add_devices", keyPackages: [] })).toThrow(RangeError)
    expect(() => bob.send({ kind: "remove_devices", devices: [] })).toThrow(RangeError)
    expect(() => bob.send({ kind: "remove_devices", devices: [bob.inboxKey] })).toThrow(RangeError)
  })

  it("follows the number that the group was made for", () => {
    const { clock } = new World(suite0001)
    const device = suite0001.signatureKeyPair(new Uint8Array(32).fill(9))
    const about = { suite: suite0001, device, random: () => new Uint8Array(32), nowMs: clock.nowMs, name: "garden" }
    const groupId = nth(new World(suite0001).group(1)).member.groupId
    expect(createMember({ ...about, groupId, devicesPerPerson: 2 }).settings?.devicesPerPerson).toBe(2)
    expect(() => createMember({ ...about, groupId, devicesPerPerson: 33 })).toThrow(RangeError)
  })
})

describe("an invitation", () => {
  it("of a person who is there brings no more of their devices", () => {
    const { world, alice, bob } = linked()
    const step = alice.send({ kind: "invite", keyPackages: [world.secondDevice(bob).keyPackage()] })
    expect([step.outgoing, step.events.at(-1)?.kind]).toEqual([[], "intent_done"])
  })

  it.each<[what: string, notBeforeMs: number, notAfterMs: number]>([
    ["is over", -2, -1],
    ["has not begun", 1, 2],
  ])("is refused for a device whose time %s", (_, from, until) => {
    const world = new World(suite0001)
    const [alice] = world.group(1)
    const bob = world.device()
    const { nowMs } = world.clock
    const phone = new Outlaw(suite0001, 5, nowMs)
    const time = { notBeforeMs: nowMs + from, notAfterMs: nowMs + until }
    const statement = { identityKey: bob.self, deviceKey: phone.inboxKey, ...time }
    const keyPackage = phone.keyPackage(certifyDevice(suite0001, bob.keys.privateKey, statement))
    expect(alice.send({ kind: "invite", keyPackages: [keyPackage] }).events).toMatchObject([
      { reason: "key_package_rejected" },
    ])
    expect(inspectKeyPackage(suite0001, keyPackage, nowMs)).toEqual({ kind: "rejected", reason: "credential_expired" })
  })
})

/** Alice, Bob with two devices, and an outlaw who may do everything that roles allow. */
function withOutlaw() {
  const world = new World(suite0001)
  const [alice, bob] = world.group(2, { roles: EQUALS })
  const phone = world.secondDevice(bob)
  bob.send({ kind: "add_devices", keyPackages: [phone.keyPackage()] })
  world.settle()
  const outlaw = new Outlaw(suite0001, 77, world.clock.nowMs)
  alice.send({ kind: "invite", keyPackages: [outlaw.keyPackage()] })
  world.settle()
  outlaw.join(nth(world.service.inbox(outlaw.inboxKey)))
  for (const device of world.devices) device.events.length = 0
  return { world, alice, bob, phone, outlaw }
}

/** Everybody honest refuses it for this reason, and the group goes on. */
function expectRefused(
  { world, alice, bob, phone }: ReturnType<typeof withOutlaw>,
  commit: Uint8Array,
  reason: string,
) {
  const { epoch } = alice.member
  for (const device of [alice, bob, phone]) {
    expect(device.receive(commit).events.at(-1)).toEqual({ kind: "dropped", reason, code: 0x0007 })
  }
  expect([alice.member.epoch, agree([alice, bob, phone])]).toEqual([epoch, true])
  bob.text("still here")
  world.settle()
  expect(alice.shown().at(-1)).toBe("still here")
}

describe("a member who breaks the rules about devices", () => {
  it("cannot add a genuine device to somebody else, and is shown to have tried", () => {
    const all = withOutlaw()
    const { world, alice, bob, outlaw } = all
    const ghost = world.secondDevice(bob)
    expectRefused(all, outlaw.commit({ adds: [ghost.keyPackage()] }), "ghost_device")
    for (const device of [alice, bob, all.phone]) {
      expect(told(device, "ghost_device")).toEqual([
        { kind: "ghost_device", epoch: 3n, by: outlaw.self, identityKey: bob.self, devices: [ghost.inboxKey] },
      ])
    }
  })

  it("cannot hide a ghost behind an honest newcomer, or swap it for a device", () => {
    const all = withOutlaw()
    const { world, alice, bob, phone, outlaw } = all
    const adds = [world.device().keyPackage(), world.secondDevice(bob).keyPackage()]
    expectRefused(all, outlaw.commit({ adds }), "ghost_device")
    const removes = [leafOf(alice, phone)]
    expectRefused(all, outlaw.commit({ adds: adds.slice(1), removes }), "ghost_device")
  })

  it("cannot remove a part of somebody's devices", () => {
    const all = withOutlaw()
    const { alice, bob, phone, outlaw } = all
    expectRefused(all, outlaw.commit({ removes: [leafOf(alice, phone)] }), "device_left_behind")
    expectRefused(all, outlaw.commit({ removes: [leafOf(alice, bob)] }), "device_left_behind")
  })

  it("can remove a person as a whole", () => {
    const { alice, bob, phone, outlaw } = withOutlaw()
    alice.receive(outlaw.commit({ removes: [leafOf(alice, bob), leafOf(alice, phone)] }))
    expect(told(alice, "members_changed")).toMatchObject([{ by: outlaw.self, removed: [bob.self] }])
  })

  it("cannot bring in a person with more devices than the group allows, nor their own", () => {
    const all = withOutlaw()
    const { world, outlaw } = all
    const dave = world.device()
    const adds = [dave, ...[1, 2, 3, 4, 5].map(() => world.secondDevice(dave))].map((device) => device.keyPackage())
    expectRefused(all, outlaw.commit({ adds }), "too_many_devices")
    const own = [1, 2, 3, 4, 5].map((seed) => ownDevice(outlaw, seed, all.world.clock.nowMs))
    expectRefused(all, outlaw.commit({ adds: own }), "too_many_devices")
  })

  it("can have as many as the group allows", () => {
    const { world, alice, outlaw } = withOutlaw()
    alice.receive(outlaw.commit({ adds: [1, 2, 3, 4].map((seed) => ownDevice(outlaw, seed, world.clock.nowMs)) }))
    expect(peopleOf(alice).at(-1)).toBe(`${toHex(outlaw.self).slice(0, 4)}×5`)
  })

  it.each<[what: string, reason: string, credentialOf: (certificate: Uint8Array, own: Uint8Array) => Uint8Array]>([
    ["a forged signature", "credential_untrusted", (certificate) => certificate.with(100, certificate[100]! ^ 1)],
    ["the certificate of another device", "credential_key_mismatch", (_, own) => own],
    ["a certificate that is none", "credential_malformed", (certificate) => certificate.subarray(1)],
  ])("cannot bring in a device with %s", (_, reason, credentialOf) => {
    const all = withOutlaw()
    const { world, outlaw } = all
    const { nowMs } = world.clock
    const [dave, device] = [world.device(), new Outlaw(suite0001, 99, nowMs)]
    const statement = { identityKey: dave.self, notBeforeMs: nowMs, notAfterMs: nowMs + YEAR_MS }
    const [its, other] = [device.inboxKey, outlaw.inboxKey].map((deviceKey) =>
      certifyDevice(suite0001, dave.keys.privateKey, { ...statement, deviceKey }),
    )
    const keyPackage = device.keyPackage(credentialOf(its!, other!))
    expectRefused(all, outlaw.commit({ adds: [keyPackage] }), reason)
    expect(all.alice.send({ kind: "invite", keyPackages: [keyPackage] }).events).toMatchObject([
      { reason: "key_package_rejected" },
    ])
  })

  it("cannot lure a newcomer into a group with a forged device", () => {
    const { world, bob, outlaw } = withOutlaw()
    const { nowMs } = world.clock
    const [dave, ghost] = [world.device(), new Outlaw(suite0001, 98, nowMs)]
    const time = { notBeforeMs: nowMs, notAfterMs: nowMs + YEAR_MS }
    const statement = { identityKey: bob.self, deviceKey: ghost.inboxKey, ...time }
    const forged = certifyDevice(suite0001, ghost.identity.privateKey, statement)
    const welcome = outlaw.welcome([dave.keyPackage(), ghost.keyPackage(forged)])
    expect(dave.join(welcome)).toEqual({ kind: "rejected", reason: "welcome_rejected" })
  })
})

/** A key package of another device of the outlaw's. */
function ownDevice(outlaw: Outlaw, seed: number, nowMs: number): Uint8Array {
  const device = new Outlaw(suite0001, 5000 + seed, nowMs)
  const time = { notBeforeMs: nowMs, notAfterMs: nowMs + YEAR_MS }
  const statement = { identityKey: outlaw.self, deviceKey: device.inboxKey, ...time }
  return device.keyPackage(certifyDevice(suite0001, outlaw.identity.privateKey, statement))
}
