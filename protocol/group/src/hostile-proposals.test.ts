import { suite0001 } from "@qpc/crypto/node"
import { encodeEnvelope, receiveEnvelope } from "@qpc/envelope"
import { decodeFrame } from "@qpc/gbp"
import type { ProposalToSend } from "@qpc/mls"
import { concatBytes, encodeCbor, equalBytes, toGroupId, toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { encodeSettings, firstSettings, GROUP_SETTINGS_EXTENSION } from "./group-settings.ts"
import { ADMIN_ROLE } from "@qpc/gsp"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { Outlaw } from "./testing/outlaw.ts"
import { agree, envelopeOf, told, World } from "./testing/world.ts"

/** Two honest devices and an outlaw, all in one group. */
function withOutlaw() {
  const world = new World(suite0001)
  const [alice, bob] = world.group(2)
  const outlaw = new Outlaw(suite0001, 77, world.clock.nowMs)
  alice.send({ kind: "invite", keyPackages: [outlaw.keyPackage()] })
  world.settle()
  outlaw.join(nth(world.service.inbox(outlaw.inboxKey)))
  for (const device of [alice, bob]) device.events.length = 0
  return { world, alice, bob, outlaw }
}

const leafOf = (device: Device): number =>
  nth(
    device.member
      .members()
      .flatMap(({ devices }) => devices)
      .filter(({ deviceKey }) => equalBytes(deviceKey, device.inboxKey)),
  ).leafIndex
const sealedIn = (envelope: Uint8Array): Uint8Array => {
  const received = receiveEnvelope(envelope)
  if (received.kind !== "envelope") throw new Error(received.reason)
  return received.envelope.sealed
}
/** The PrivateMessage of a text, which anybody who gets the text can take out of its frame. */
const textOf = (envelope: Uint8Array): Uint8Array => decodeFrame(sealedIn(envelope)).sealed
/** A text's envelope with anything in its frame, under a label that says the same as the frame. */
const frameOf = (label: { readonly groupId: GroupId; readonly epoch: bigint }, payload: Uint8Array): Uint8Array => {
  const { groupId, epoch } = label
  const frame = { v: 2, gid: groupId, ep: Number(epoch), pl: payload }
  return encodeEnvelope({ kind: "application", groupId, epoch, sealed: encodeCbor(new Map(Object.entries(frame))) })
}
/** What a store holds of a device, in bytes. */
const storedBytes = ({ member }: Device): number => member.toBytes().length

/** A commit envelope with proposals in front. */
const bundle = (outlaw: Outlaw, commit: Uint8Array, ...proposals: readonly Uint8Array[]): Uint8Array => {
  const label = { kind: "commit", groupId: toGroupId(outlaw.group.groupId), epoch: outlaw.group.epoch } as const
  return encodeEnvelope({ ...label, sealed: concatBytes(...proposals.map(sealedIn), sealedIn(commit)) })
}

describe("a proposal by reference", () => {
  it.each<[string, string, (outlaw: Outlaw, alice: Device) => ProposalToSend]>([
    [
      "removes another",
      "removal_of_another",
      (_outlaw: Outlaw, alice: Device) => ({ kind: "remove", leafIndex: leafOf(alice) }),
    ],
    ["adds somebody", "proposal_not_spoken", (outlaw: Outlaw) => ({ kind: "add", keyPackage: outlaw.keyPackage() })],
    ["renews keys", "proposal_not_spoken", () => ({ kind: "update" })],
    [
      "injects a key",
      "proposal_not_spoken",
      () => ({ kind: "psk", psk: { kind: "external", pskId: new Uint8Array(1) } }),
    ],
    [
      "changes the settings",
      "proposal_not_spoken",
      (outlaw: Outlaw) => {
        const extensionData = encodeSettings(firstSettings("mine", outlaw.self))
        return { kind: "extensions", extensions: [{ extensionType: GROUP_SETTINGS_EXTENSION, extensionData }] }
      },
    ],
    [
      "ends the group",
      "proposal_not_spoken",
      () => ({ kind: "reinit", groupId: new Uint8Array(16), version: 1, cipherSuite: 1, extensions: [] }),
    ],
  ])("that %s is refused with a reason, leaves nothing behind and stops nobody", (_what, reason, wanted) => {
    const { world, alice, bob, outlaw } = withOutlaw()
    const before = alice.member.toBytes()
    const envelope = outlaw.propose(wanted(outlaw, alice))
    for (const device of [alice, bob]) {
      expect(device.receive(envelope).events).toEqual([{ kind: "dropped", reason, code: 0x0008 }])
    }
    expect(alice.member.toBytes()).toEqual(before)
    expect(alice.text("still here").events).toMatchObject([{ kind: "text_sealed" }])
    bob.send({ kind: "update_keys" })
    world.settle()
    expect(bob.shown()).toEqual(["still here"])
    expect(agree([alice, bob])).toBe(true)
  })

  it("that is padded until no commit can take it along is refused with a reason, and stops nobody", () => {
    const { world, alice, bob, outlaw } = withOutlaw()
    const before = alice.member.toBytes()
    const wanted = { kind: "remove", leafIndex: outlaw.group.ownLeafIndex } as const
    const envelope = outlaw.propose(wanted, { paddedBytes: () => 4 * 1024 * 1024 - 8192 })
    for (const device of [alice, bob]) {
      expect(device.receive(envelope).events).toEqual([{ kind: "dropped", reason: "proposal_too_large", code: 0x0008 }])
    }
    expect(alice.member.toBytes()).toEqual(before)
    expect(alice.text("still here").events).toMatchObject([{ kind: "text_sealed" }])
    alice.send({ kind: "rename", name: "orchard" })
    world.settle()
    expect(bob.member.name).toBe("orchard")
    expect(bob.shown()).toEqual(["still here"])
    expect(agree([alice, bob])).toBe(true)
  })

  it("is of its own kind of envelope, whatever way it comes", () => {
    const { alice, outlaw } = withOutlaw()
    const before = toHex(alice.member.toBytes())
    const wanted = { kind: "remove", leafIndex: outlaw.group.ownLeafIndex } as const
    const mislabelled = outlaw.propose(wanted, { labelled: "application" })
    expect(alice.receive(mislabelled).events).toMatchObject([{ kind: "dropped", reason: "header_mismatch" }])
    const label = { groupId: toGroupId(outlaw.group.groupId), epoch: outlaw.group.epoch }
    const sealed = sealedIn(outlaw.propose(wanted))
    for (const kind of ["application", "commit"] as const) {
      expect(alice.receive(encodeEnvelope({ ...label, kind, sealed })).events).toMatchObject([{ kind: "dropped" }])
    }
    const { events } = alice.receive(frameOf(label, sealed))
    expect(events).toMatchObject([{ kind: "dropped", reason: "decrypt_failed" }])
    expect(toHex(alice.member.toBytes())).toBe(before)
    const text = encodeEnvelope({
      ...label,
      kind: "proposal",
      sealed: outlaw.protect(new Uint8Array(3), new Uint8Array(0)),
    })
    expect(alice.receive(text).events).toMatchObject([{ kind: "dropped", reason: "header_mismatch" }])
  })

  it.each([
    ["of this epoch", (): void => undefined, (epoch: bigint) => epoch - 1n],
    [
      "of the epoch before",
      (world: World, alice: Device): void => {
        alice.send({ kind: "update_keys" })
        world.settle()
      },
      (epoch: bigint) => epoch,
    ],
  ])("does not use up a text %s, which can still be shown", (_when, next, otherEpoch) => {
    const { world, alice, bob, outlaw } = withOutlaw()
    const text = envelopeOf(bob.text("once"))
    bob.outbox.length = 0
    next(world, alice)
    const label = { groupId: alice.member.groupId, epoch: alice.member.epoch }
    const before = alice.member.toBytes()
    const stolen = encodeEnvelope({ ...label, kind: "proposal", sealed: textOf(text) })
    expect(alice.receive(stolen).events).toMatchObject([{ kind: "dropped", reason: "header_mismatch" }])
    for (const proposals of [[], [textOf(text)]]) {
      const sealed = concatBytes(...proposals, textOf(text))
      expect(alice.receive(encodeEnvelope({ ...label, kind: "commit", sealed })).events).toMatchObject([
        { kind: "dropped", reason: "not_allowed" },
      ])
    }
    const commit = sealedIn(outlaw.commit({}))
    const broken = concatBytes(textOf(text), commit.with(commit.length - 1, commit.at(-1)! ^ 1))
    alice.receive(encodeEnvelope({ ...label, kind: "commit", sealed: broken }))
    const misdated = frameOf({ ...label, epoch: otherEpoch(label.epoch) }, textOf(text))
    expect(alice.receive(misdated).events).toMatchObject([{ kind: "dropped", reason: "header_mismatch" }])
    expect(alice.member.toBytes()).toEqual(before)
    alice.receive(text)
    expect(alice.shown()).toEqual(["once"])
  })

  it("of the last admin is refused: the group could never be mended", () => {
    const { world, alice, bob, outlaw } = withOutlaw()
    const assignments = [{ identityKey: outlaw.self, role: ADMIN_ROLE }]
    alice.send({ kind: "set_roles", assignments, permissions: new Map() })
    world.settle()
    alice.send({ kind: "set_roles", assignments: [{ identityKey: alice.self, role: 0 }], permissions: new Map() })
    world.settle()
    for (const commit of world.service.inbox(outlaw.inboxKey).slice(1)) {
      const received = outlaw.group.receive(sealedIn(commit), world.clock.nowMs)
      if (received.kind === "commit") outlaw.group.merge(received.staged)
    }
    const envelope = outlaw.propose({ kind: "remove", leafIndex: outlaw.group.ownLeafIndex })
    expect(bob.receive(envelope).events).toEqual([{ kind: "dropped", reason: "no_admin_left", code: 0x0008 }])
  })

  it("that comes a thousand times is kept once", () => {
    const { world, alice, bob, outlaw } = withOutlaw()
    const wanted = { kind: "remove", leafIndex: outlaw.group.ownLeafIndex } as const
    alice.receive(outlaw.propose(wanted))
    const before = storedBytes(alice)
    // Sealed anew it is the same proposal to MLS; as a public message it is another.
    for (let i = 0; i < 50; i++) expect(alice.receive(outlaw.propose(wanted)).events).toEqual([])
    for (let i = 0; i < 1000; i++) {
      const { events } = alice.receive(outlaw.propose(wanted, { wireFormat: "public" }))
      expect(events).toEqual([{ kind: "dropped", reason: "proposal_repeated", code: 0x0008 }])
    }
    expect(storedBytes(alice)).toBe(before)
    world.run(0)
    world.settle()
    expect(alice.member.members()).toHaveLength(2)
    expect(agree([alice, bob])).toBe(true)
  })
})

describe("a member whose turn it is and who never commits", () => {
  it("is passed over", () => {
    const { world, alice, bob } = withOutlaw() // The outlaw stands right of Bob.
    bob.send({ kind: "leave" })
    world.settle()
    world.run(0)
    expect(bob.member.isActive).toBe(true)
    world.run(20_000)
    expect(told(bob, "left_group")).toHaveLength(1)
    expect(told(alice, "members_changed")).toMatchObject([{ by: alice.self, left: [bob.self] }])
  })
})

describe("a commit with proposals", () => {
  it("cannot refer to one that removes another", () => {
    const { alice, bob, outlaw } = withOutlaw()
    const before = alice.member.toBytes()
    const proposal = outlaw.propose({ kind: "remove", leafIndex: leafOf(bob) }, { isKept: true })
    const commit = bundle(outlaw, outlaw.commit({}), proposal)
    expect(alice.receive(commit).events).toMatchObject([{ kind: "dropped", reason: "unknown_proposal" }])
    expect(alice.member.toBytes()).toEqual(before)
  })

  it("cannot make a removal of its own out of somebody's wish, for those who know of it nor for the others", () => {
    const { alice, bob, outlaw } = withOutlaw()
    const wish = envelopeOf(bob.send({ kind: "leave" }))
    const commit = outlaw.commit({ removes: [leafOf(bob)] })
    const refusal = [{ kind: "dropped", reason: "remove_not_allowed" }]
    expect(alice.receive(commit).events).toMatchObject(refusal)
    alice.receive(wish)
    expect(alice.receive(commit).events).toMatchObject(refusal)
    expect(bob.receive(commit).events).toMatchObject(refusal)
  })

  it("may carry out a wish that it heard of, and leave the role table as it is", () => {
    const { world, alice, bob, outlaw } = withOutlaw()
    const wish = envelopeOf(bob.send({ kind: "leave" }))
    expect(outlaw.group.receive(sealedIn(wish), world.clock.nowMs).kind).toBe("proposal")
    const commit = bundle(outlaw, outlaw.commit({}), wish)
    alice.receive(commit)
    bob.receive(commit)
    expect(told(alice, "members_changed")).toMatchObject([{ by: outlaw.self, left: [bob.self] }])
    expect(told(bob, "left_group")).toHaveLength(1)
  })

  it("may not keep the role of who left, nor take another's", () => {
    const { world, alice, bob, outlaw } = withOutlaw()
    const assignments = [{ identityKey: bob.self, role: ADMIN_ROLE }]
    alice.send({ kind: "set_roles", assignments, permissions: new Map() })
    world.settle()
    const commits = world.service.inbox(outlaw.inboxKey).slice(1)
    const received = outlaw.group.receive(sealedIn(nth(commits)), world.clock.nowMs)
    if (received.kind === "commit") outlaw.group.merge(received.staged)
    const wish = envelopeOf(bob.send({ kind: "leave" }))
    outlaw.group.receive(sealedIn(wish), world.clock.nowMs)
    const commit = bundle(outlaw, outlaw.commit({}), wish)
    expect(alice.receive(commit).events).toMatchObject([{ kind: "dropped", reason: "role_of_stranger" }])
  })

  it("that is none uses up nobody's proposal, and fills nothing", () => {
    const { world, alice, bob, outlaw } = withOutlaw()
    const wanted = { kind: "remove", leafIndex: outlaw.group.ownLeafIndex } as const
    const before = storedBytes(alice)
    for (let i = 0; i < 100; i++) {
      const commit = outlaw.commit({})
      const proposals = (["private", "public"] as const).map((wireFormat) => outlaw.propose(wanted, { wireFormat }))
      alice.receive(bundle(outlaw, commit.with(commit.length - 1, commit.at(-1)! ^ 1), ...proposals))
    }
    expect(storedBytes(alice) - before).toBeLessThan(2000)
    const wish = envelopeOf(bob.send({ kind: "leave" }))
    const commit = outlaw.commit({})
    alice.receive(bundle(outlaw, commit.with(commit.length - 1, commit.at(-1)! ^ 1), wish))
    world.settle()
    world.run(0)
    expect(alice.member.members()).toHaveLength(1)
    expect(bob.member.isActive).toBe(false)
  })

  it("is cut by its own lengths: bytes that are none are malformed", () => {
    const { alice, outlaw } = withOutlaw()
    const label = { kind: "commit", groupId: toGroupId(outlaw.group.groupId), epoch: outlaw.group.epoch } as const
    for (const sealed of [
      new Uint8Array(0),
      new Uint8Array(9),
      concatBytes(sealedIn(outlaw.commit({})), new Uint8Array(1)),
    ]) {
      const { events } = alice.receive(encodeEnvelope({ ...label, sealed }))
      expect(events).toMatchObject([{ kind: "dropped", reason: "malformed" }])
    }
  })
})
