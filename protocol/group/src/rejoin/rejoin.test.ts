import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { nth } from "../testing/nth.ts"
import { ADMIN_ROLE } from "@qpc/gsp"
import type { Device } from "../testing/device.ts"
import { SigningLog } from "../testing/signing-log.ts"
import { WayBack } from "../testing/way-back.ts"
import { agree, told, World } from "../testing/world.ts"

/** Four people; the last was away while the others changed the group, and did something else before that. */
function lostOne(before: (world: World, all: readonly Device[]) => void = () => {}) {
  const log = new SigningLog(suite0001)
  const world = new World(suite0001, 1, log)
  const [alice, bob, carol] = world.group(3)
  const dave = world.device()
  alice.send({ kind: "invite", keyPackages: [dave.keyPackage()] })
  world.settle()
  const all = [alice, bob, carol, dave] as const
  before(world, all)
  for (let times = 0; times < 3; times++) {
    all[0].send({ kind: "rename", name: `garden ${times}` })
    for (let round = 0; round < 3; round++) {
      for (const device of world.devices.filter((one) => one !== dave)) {
        device.flush(world.service)
        while (device.receiveNext(world.service));
      }
    }
  }
  world.service.inbox(all[3].inboxKey).length = 0
  for (const device of all) device.events.length = 0
  return { log, world, all, back: new WayBack(suite0001, world, all[3]) }
}

describe("a device that lost its group", () => {
  it("comes back by itself into the same place, and reads and writes", () => {
    const { world, all, back } = lostOne()
    const [alice, bob, carol, dave] = all
    back.go()
    expect(agree(all)).toBe(true)
    for (const other of [alice, bob, carol]) {
      expect(told(other, "member_rejoined")).toEqual([
        { kind: "member_rejoined", epoch: 6n, by: dave.self, device: dave.inboxKey },
      ])
      expect(told(other, "members_changed")).toEqual([])
      expect(told(other, "dropped")).toEqual([])
    }
    expect(told(dave, "rejoined")).toMatchObject([{ epoch: 6n, added: [], removed: [] }])
    dave.text("back")
    alice.text("welcome")
    world.settle()
    expect(bob.shown().toSorted()).toEqual(["back", "welcome"])
    expect(dave.shown()).toEqual(["welcome"])
    carol.send({ kind: "rename", name: "orchard" })
    world.settle()
    expect(agree(all)).toBe(true)
    for (const device of all) device.restart()
  })

  it("is in only by its own commit, and only if the log goes on with it", () => {
    const { log, back } = lostOne()
    const outgoing = back.commit()
    const envelopeBy = (by: SigningLog): Uint8Array => nth(by.label(outgoing).deliveries).envelope
    expect(back.confirm(envelopeBy(new SigningLog(suite0001)))).toMatchObject({
      kind: "rejected",
      reason: "head_contradicts",
    })
    expect(back.confirm(envelopeBy(log.fork(2)))).toEqual({ kind: "rejected", reason: "head_unsigned" })
    expect(back.confirm(nth(outgoing.deliveries).envelope)).toEqual({ kind: "rejected", reason: "head_missing" })
    expect(back.confirm(nth(back.request!.deliveries).envelope)).toEqual({ kind: "overtaken" })
    expect(back.confirm(envelopeBy(log))).toMatchObject({ kind: "joined" })
    expect(back.device.member.epoch).toBe(6n)
  })

  it("asks again where another commit was first", () => {
    const { world, all, back } = lostOne()
    const [alice] = all
    const outgoing = back.commit()
    alice.send({ kind: "rename", name: "orchard" })
    alice.flush(world.service)
    expect(world.service.offer(outgoing)).toBe("epoch_conflict")
    expect(back.confirm(back.next("commit"))).toEqual({ kind: "overtaken" })
    world.clock.nowMs += 1
    back.go()
    expect(agree(all)).toBe(true)
  })

  it("is answered by nobody any more once it is in", () => {
    const { world, all, back } = lostOne()
    back.go()
    world.clock.nowMs += 120_000
    for (const device of all.slice(0, 3)) {
      device.tick()
      expect(device.outbox).toEqual([])
    }
  })

  it("is told which roles and devices others have by now", () => {
    const phones: Device[] = []
    const { all, back } = lostOne((world, [alice, bob, carol]) => {
      makeAdmin(alice!, bob!)
      phones.push(world.secondDevice(carol!))
      carol!.send({ kind: "add_devices", keyPackages: [phones[0]!.keyPackage()] })
    })
    const [, bob, carol, dave] = all
    back.go(true)
    expect(told(dave, "rejoined")).toMatchObject([
      {
        added: [],
        removed: [],
        devices: [{ by: carol.self, added: [phones[0]!.inboxKey], removed: [] }],
        settings: { changed: ["name", "roles"], assigned: [{ identityKey: bob.self, role: ADMIN_ROLE }] },
      },
    ])
  })
})

/** Our commit is under way out of epoch 5, and nobody has told us yet what became of it. */
function committed() {
  const { log, all, back } = lostOne()
  const [, , , dave] = all
  const outgoing = back.commit()
  const confirm = () => back.confirm(nth(log.label(outgoing).deliveries).envelope)
  const note = (epoch: bigint, hashByte: number): void => {
    const head = log.sign({ groupId: dave.member.groupId, epoch, hash: new Uint8Array(32).fill(hashByte) })
    dave.take(dave.member.noteHead(head, 0n))
  }
  return { dave, confirm, note }
}

describe("what the server signs for a device whose commit is under way", () => {
  it("contradicts the echo if it was another head, and the member of before gets the proof", () => {
    const { dave, confirm, note } = committed()
    note(6n, 1)
    const confirmed = confirm()
    if (confirmed.kind !== "rejected" || confirmed.head === undefined) throw new Error("no head came back")
    expect(confirmed.reason).toBe("head_contradicts")
    expect(dave.member.serverProof).toBeUndefined()
    dave.take(dave.member.noteHead(confirmed.head, 0n))
    expect(dave.member.serverProof).toMatchObject({ isHalting: true })
  })

  it("is held against what it signed for whoever answered", () => {
    const { dave, confirm, note } = committed()
    note(5n, 1)
    expect(confirm()).toMatchObject({ kind: "joined" })
    expect(told(dave, "server_equivocated")).toMatchObject([{ epoch: 5n }])
    expect(dave.member.serverProof).toMatchObject({ isHalting: true })
  })

  it("stays a proof of two histories", () => {
    const { dave, confirm, note } = committed()
    for (const hashByte of [1, 2]) note(7n, hashByte)
    const { serverProof } = dave.member
    expect(serverProof).toBeDefined()
    expect(confirm()).toMatchObject({ kind: "joined" })
    expect(dave.member.serverProof).toEqual(serverProof)
  })
})

function makeAdmin(alice: Device, { self: identityKey }: Device): void {
  alice.send({ kind: "set_roles", assignments: [{ identityKey, role: ADMIN_ROLE }], permissions: new Map() })
}

/** Two answers about a group where bob is an admin by now; the first was not enough. */
function answered() {
  const { world, back } = lostOne((_, all) => makeAdmin(nth(all, 0), nth(all, 1)))
  back.askUntilAnswered(2)
  const [first, second] = [back.next("rejoin_answer"), back.next("rejoin_answer")]
  const doubtful = back.enter(first)
  if (doubtful.kind !== "unconfirmed") throw new Error(doubtful.kind)
  return { world, back, first, second, witness: doubtful.witness }
}

describe("a group where others have other roles by now", () => {
  it("is entered once two people say the same", () => {
    const { back, second, witness } = answered()
    expect(back.enter(second).kind).toBe("unconfirmed")
    expect(back.enter(second, { heard: [witness] }).kind).toBe("entering")
  })

  it("is not entered on the word of one, however often", () => {
    const { back, first, witness } = answered()
    expect(back.enter(first, { heard: [witness] }).kind).toBe("unconfirmed")
  })

  it("is not entered where the other one says something else, or was brought in by then", () => {
    const { world, back, second, witness } = answered()
    const other = { ...witness, contextHash: new Uint8Array(32) }
    const stranger = { ...witness, by: world.device().self }
    expect(back.enter(second, { heard: [other, stranger] }).kind).toBe("unconfirmed")
  })

  it("is entered at once where a person wants it", () => {
    const { back, first } = answered()
    expect(back.enter(first, { isInsisted: true }).kind).toBe("entering")
  })
})
