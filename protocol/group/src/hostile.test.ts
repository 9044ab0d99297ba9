import { suite0001 } from "@qpc/crypto/node"
import { encodeEnvelope, receiveEnvelope } from "@qpc/envelope"
import { EXTENSION_TYPES, findExtension } from "@qpc/mls"
import { encodeCbor, toGroupId, toHex } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { encodeSettings, firstSettings, GROUP_SETTINGS_EXTENSION } from "./group-settings.ts"
import { DEFAULT_ROLES, MEMBER_ROLE, PERMISSIONS } from "@qpc/gsp"
import type { RoleId } from "@qpc/gsp"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { Outlaw } from "./testing/outlaw.ts"
import { agree, envelopeOf, leafOf, told, World } from "./testing/world.ts"

/** Two honest devices and an outlaw, all in one group. */
function withOutlaw(roles: ReadonlyMap<RoleId, number> = DEFAULT_ROLES) {
  const world = new World(suite0001)
  const [alice, bob] = world.group(2, { roles })
  const outlaw = new Outlaw(suite0001, 77, world.clock.nowMs)
  alice.send({ kind: "invite", keyPackages: [outlaw.keyPackage()] })
  world.settle()
  outlaw.join(nth(world.service.inbox(outlaw.inboxKey)))
  return { world, alice, bob, outlaw }
}

const flipped = (bytes: Uint8Array, at: number, bit = 0): Uint8Array => {
  const copy = bytes.slice()
  new DataView(copy.buffer).setUint8(at, new DataView(copy.buffer).getUint8(at) ^ (1 << bit))
  return copy
}

const frame = (groupId: Uint8Array, epoch: number, sealed?: Uint8Array) => {
  const header: [string, CborValue][] = [
    ["v", 2],
    ["gid", groupId],
    ["ep", epoch],
  ]
  if (sealed) header.push(["pl", sealed])
  return encodeCbor(new Map(header))
}
const contentOf = (sid: number) =>
  encodeCbor(
    new Map<string, CborValue>([
      ["tid", 0],
      ["st", 2],
      ["sid", sid],
      ["fl", 7],
      ["seq", 1],
      ["pl", new Uint8Array(3)],
    ]),
  )

/** What a device has, leaving out what waits for a later epoch. */
const layersOf = ({ member }: Device) =>
  `${member.epoch} ${toHex(member.epochAuthenticator)} ${member.members().length}`

describe("damaged envelopes", () => {
  it("of a text change nothing, and the text itself still opens", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const envelope = envelopeOf(alice.text("intact"))
    for (let at = 0; at < envelope.length; at++) {
      const before = toHex(bob.member.toBytes())
      const { events, wakeAtMs } = bob.receive(flipped(envelope, at, at % 8))
      // A flipped epoch may lie ahead: then the envelope waits for that epoch, in vain.
      const isParked = events.length === 0 && wakeAtMs !== undefined
      if (!isParked) expect(events).toMatchObject([{ kind: "dropped" }])
      if (!isParked) expect(toHex(bob.member.toBytes())).toBe(before)
    }
    for (let lengthBytes = 0; lengthBytes < envelope.length; lengthBytes += 3) {
      expect(bob.receive(envelope.slice(0, lengthBytes)).events).toMatchObject([{ kind: "dropped" }])
    }
    bob.receive(envelope)
    expect(bob.shown()).toEqual(["intact"])
  })

  it("of a commit change nothing, and the commit itself is still followed", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const envelope = envelopeOf(alice.send({ kind: "update_keys" }))
    const before = layersOf(bob)
    for (let at = 0; at < envelope.length; at += 3) bob.receive(flipped(envelope, at, at % 8))
    expect(layersOf(bob)).toBe(before)
    expect(told(bob, "epoch_changed")).toEqual([])
    world.settle()
    expect(agree([alice, bob])).toBe(true)
  })

  it("of our own commit are not taken for its echo", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const envelope = envelopeOf(alice.send({ kind: "update_keys" }))
    for (let at = 30; at < envelope.length; at += 5) alice.receive(flipped(envelope, at))
    expect(alice.member.epoch).toBe(1n)
    world.settle()
    expect(agree([alice, bob])).toBe(true)
  })

  it("of a Welcome are rejected, and the Welcome itself still works", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const carol = world.device()
    const { outgoing } = alice.send({ kind: "invite", keyPackages: [carol.keyPackage()] })
    const { envelope } = nth(nth(outgoing).deliveries, 1)
    for (let at = 0; at < envelope.length; at += 7) expect(carol.join(flipped(envelope, at)).kind).toBe("rejected")
    expect(carol.join(envelope).kind).toBe("joined")
  })
})

describe("envelopes that do not belong here", () => {
  it("of another group are dropped as such", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const [mallory] = world.group(2)
    const envelope = envelopeOf(mallory.text("wrong door"))
    expect(alice.receive(envelope).events).toEqual([{ kind: "dropped", reason: "unknown_group", code: 0x0002 }])
  })

  it("such as a Welcome into a group we are in are dropped", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const { outgoing } = alice.send({ kind: "invite", keyPackages: [world.device().keyPackage()] })
    const { envelope } = nth(nth(outgoing).deliveries, 1)
    expect(bob.receive(envelope).events).toMatchObject([{ kind: "dropped", reason: "already_a_member" }])
  })

  it("do not let a Welcome for another key package in", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const { outgoing } = alice.send({ kind: "invite", keyPackages: [world.device().keyPackage()] })
    const { envelope } = nth(nth(outgoing).deliveries, 1)
    const stranger = world.device()
    stranger.keyPackage()
    expect(stranger.join(envelope)).toEqual({ kind: "rejected", reason: "no_matching_key_package" })
    expect(stranger.join(envelopeOf(alice.text("no Welcome")))).toEqual({ kind: "rejected", reason: "malformed" })
  })

  it("cannot open a used key package's Welcome twice", () => {
    const world = new World(suite0001)
    const [alice] = world.group(2)
    const carol = world.device()
    const { outgoing } = alice.send({ kind: "invite", keyPackages: [carol.keyPackage()] })
    const { envelope } = nth(nth(outgoing).deliveries, 1)
    expect(carol.join(envelope).kind).toBe("joined")
    expect(carol.join(envelope)).toEqual({ kind: "rejected", reason: "no_matching_key_package" })
  })
})

describe("order of arrival", () => {
  it("does not matter for texts", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`)
    const envelopes = texts.map((text) => envelopeOf(alice.text(text)))
    for (const envelope of envelopes.toReversed()) bob.receive(envelope)
    expect(bob.shown()).toEqual(texts.toReversed())
    for (const envelope of envelopes) bob.receive(envelope)
    expect(told(bob, "dropped").map(({ reason }) => reason)).toEqual(texts.map(() => "replay_detected"))
  })

  it("lets a text wait for the commit that leads to its epoch", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "update_keys" })
    alice.flush(world.service)
    alice.receiveNext(world.service)
    const step = bob.receive(envelopeOf(alice.text("early")))
    expect(step).toEqual({ outgoing: [], events: [], wakeAtMs: world.clock.nowMs + 600_000 })
    expect(bob.receiveNext(world.service)).toBe(true)
    expect(bob.events.map(({ kind }) => kind)).toEqual(["epoch_changed", "text"])
  })

  it("lets a commit wait for the one before it", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    for (let i = 0; i < 2; i++) {
      alice.send({ kind: "update_keys" })
      alice.flush(world.service)
      alice.receiveNext(world.service)
    }
    world.service.inbox(bob.inboxKey).reverse()
    world.settle()
    expect(agree([alice, bob])).toBe(true)
  })

  it("does not let early envelopes wait for ever, nor more of them than the limit", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { limits: { parkedEnvelopes: 2, parkedMs: 1000 } })
    alice.send({ kind: "update_keys" })
    alice.flush(world.service)
    alice.receiveNext(world.service)
    const early = ["one", "two", "three"].map((text) => envelopeOf(alice.text(text)))
    expect(early.map((envelope) => bob.receive(envelope).events)).toMatchObject([
      [],
      [],
      [{ kind: "dropped", reason: "epoch_in_future", code: 0x0003 }],
    ])
    expect(bob.tick().events).toEqual([])
    world.clock.nowMs += 1000
    expect(bob.tick()).toMatchObject({ events: [{ reason: "epoch_in_future" }, {}] })
  })
})

describe("a member who breaks the rules", () => {
  it("cannot speak for another", () => {
    const { alice, outlaw } = withOutlaw()
    const groupId = toGroupId(outlaw.group.groupId)
    const sealed = outlaw.protect(contentOf(101), frame(groupId, 2))
    const envelope = encodeEnvelope({ kind: "application", groupId, epoch: 2n, sealed: frame(groupId, 2, sealed) })
    expect(alice.receive(envelope).events).toEqual([{ kind: "dropped", reason: "sender_mismatch", code: 0x0008 }])
  })

  it("cannot put a frame under another header", () => {
    const { alice, outlaw } = withOutlaw()
    const groupId = toGroupId(outlaw.group.groupId)
    const sealed = outlaw.protect(contentOf(201), frame(groupId, 1))
    const envelope = encodeEnvelope({ kind: "application", groupId, epoch: 2n, sealed: frame(groupId, 2, sealed) })
    expect(alice.receive(envelope).events).toMatchObject([{ kind: "dropped", reason: "header_mismatch" }])
  })

  it("cannot bring in somebody under a name that is not their key", () => {
    const { world, alice, bob, outlaw } = withOutlaw()
    const impostor = new Outlaw(suite0001, 78, world.clock.nowMs).keyPackage(bob.self)
    const before = layersOf(alice)
    expect(alice.receive(outlaw.commit({ adds: [impostor] })).events).toEqual([
      { kind: "dropped", reason: "credential_key_mismatch", code: 0x0007 },
    ])
    expect(layersOf(alice)).toBe(before)
    alice.text("still here")
    world.settle()
    expect(bob.shown()).toEqual(["still here"])
  })

  it("cannot make the group its own, spoil its settings or loosen its rules", () => {
    const { alice, outlaw } = withOutlaw()
    const requiring = (settings: Uint8Array) => [
      {
        extensionType: EXTENSION_TYPES.requiredCapabilities,
        extensionData: findExtension(outlaw.group.extensions, EXTENSION_TYPES.requiredCapabilities)!,
      },
      { extensionType: GROUP_SETTINGS_EXTENSION, extensionData: settings },
    ]
    const before = layersOf(alice)
    const reasons = [
      requiring(encodeSettings(firstSettings("mine now", outlaw.self))),
      requiring(encodeSettings(firstSettings("garden", outlaw.self))),
      requiring(new Uint8Array(3)),
      [],
    ].map((extensions) => alice.receive(outlaw.commit({ extensions })).events)
    expect(reasons).toMatchObject([
      [{ kind: "dropped", reason: "settings_not_allowed", code: 0x0007 }],
      [{ reason: "roles_not_allowed" }],
      [{ reason: "settings_malformed" }],
      [{ reason: "extensions_changed" }],
    ])
    expect(layersOf(alice)).toBe(before)
    expect(alice.member.name).toBe("garden")
  })

  it("cannot write without a role that allows it", () => {
    const { alice, outlaw } = withOutlaw(new Map([...DEFAULT_ROLES, [MEMBER_ROLE, PERMISSIONS.invite]]))
    expect(alice.receive(outlaw.text("psst")).events).toEqual([
      { kind: "dropped", reason: "text_not_allowed", code: 0x0008 },
    ])
  })

  it("can write with one", () => {
    const { alice, outlaw } = withOutlaw()
    expect(alice.receive(outlaw.text("hello")).events).toMatchObject([{ kind: "text", text: "hello" }])
  })

  it("cannot remove anybody without a role that allows it", () => {
    const { world, alice, bob, outlaw } = withOutlaw()
    const bobsLeaf = leafOf(alice, bob)
    const commit = outlaw.commit({ removes: [bobsLeaf] })
    for (const device of [alice, bob]) {
      expect(device.receive(commit).events).toEqual([{ kind: "dropped", reason: "remove_not_allowed", code: 0x0007 }])
    }
    expect(agree([alice, bob])).toBe(true)
    alice.text("still here")
    world.settle()
    expect(bob.shown()).toEqual(["still here"])
  })

  it("cannot sign a commit for another kind of envelope", () => {
    const { alice, outlaw } = withOutlaw()
    expect(alice.receive(outlaw.commit({}, "application")).events).toEqual([
      { kind: "dropped", reason: "header_mismatch", code: 0x0007 },
    ])
    expect(alice.member.epoch).toBe(2n)
  })

  it("cannot slip a commit past the order in an application envelope", () => {
    const { alice, outlaw } = withOutlaw()
    const commit = outlaw.commit({})
    const groupId = toGroupId(outlaw.group.groupId)
    const received = receiveEnvelope(commit)
    const inside = received.kind === "envelope" ? received.envelope.sealed : new Uint8Array(0)
    const sealed = frame(groupId, 2, inside)
    expect(alice.receive(encodeEnvelope({ kind: "application", groupId, epoch: 2n, sealed })).events).toMatchObject([
      { kind: "dropped", reason: "decrypt_failed" },
    ])
    expect(alice.member.epoch).toBe(2n)
    alice.receive(outlaw.commit({}))
    expect(alice.member.epoch).toBe(3n)
  })

  it("cannot lure us into a group where somebody is not their key", () => {
    const { world, bob, outlaw } = withOutlaw()
    const impostor = new Outlaw(suite0001, 78, world.clock.nowMs).keyPackage(bob.self)
    const [dave, erin] = [world.device(), world.device()]
    expect(dave.join(outlaw.welcome([dave.keyPackage()])).kind).toBe("joined")
    expect(erin.join(outlaw.welcome([impostor, erin.keyPackage()]))).toEqual({
      kind: "rejected",
      reason: "welcome_rejected",
    })
  })

  it("cannot invite with a key package under a foreign name through us", () => {
    const { world, alice, bob } = withOutlaw()
    const impostor = new Outlaw(suite0001, 78, world.clock.nowMs).keyPackage(bob.self)
    expect(alice.send({ kind: "invite", keyPackages: [impostor] }).events).toEqual([
      { kind: "refused", reason: "key_package_rejected" },
    ])
  })
})

describe("receiving", () => {
  it("answers 100 000 random and mutated envelopes and stays in the group", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const samples = [envelopeOf(alice.text("a text")), envelopeOf(alice.send({ kind: "update_keys" }))]
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    const mutated = fc.tuple(fc.constantFrom(...samples), edits, fc.nat({ max: 40 })).map(([sample, changes, cut]) => {
      const bytes = sample.slice(0, cut < 10 ? sample.length - cut : undefined)
      for (const [at, byte] of changes) bytes.set([byte], at % bytes.length)
      return bytes
    })
    const before = layersOf(bob)
    const { member } = bob
    fc.assert(
      fc.property(fc.oneof({ arbitrary: mutated, weight: 3 }, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const isUntouched = samples.some((sample) => toHex(sample) === toHex(bytes))
        if (!isUntouched) member.receive(bytes, world.clock.nowMs)
      }),
      { numRuns: 100_000 },
    )
    expect(layersOf(bob)).toBe(before)
    bob.receive(nth(samples))
    expect(bob.shown()).toEqual(["a text"])
  })
})
