import { suite0001, suite0003 } from "@qpc/crypto/node"
import { concatBytes, toHex } from "@qpc/wire"
import type { StateRecord } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { createKeyPackages } from "./key-packages.ts"
import type { Device } from "./testing/device.ts"
import type { Written } from "@qpc/wire/conformance"
import { STATE_VERSION } from "./state-version.ts"
import { seededRandom } from "./testing/seeded-random.ts"
import { agree, envelopeOf, World } from "./testing/world.ts"
import { memberFromBytes, memberFromRecords } from "./wake.ts"

const wake = (device: Device, records: Iterable<StateRecord>, keys = device.keys, limits = {}) =>
  memberFromRecords(suite0001, records, { device: keys, random: seededRandom(9), limits })
const refusal = (code: string) => expect.objectContaining({ name: "GroupStateError", code })

const DAY_MS = 86_400_000

const isOfGroup = ({ key }: StateRecord): boolean => key.startsWith("mls/")

/** Alice, who has sent and received, waits for her commit and holds an early envelope, and what she had before. */
function busy(): { readonly alice: Device; readonly records: StateRecord[]; readonly older: StateRecord[] } {
  const world = new World(suite0001)
  const [alice, bob, carol] = world.group(3)
  alice.receive(envelopeOf(bob.text("one")))
  alice.text("hello")
  const older = alice.store.records()
  const [skipped, second] = [bob.text("skipped"), bob.text("two")]
  alice.receive(envelopeOf(second))
  alice.text("again")
  carol.send({ kind: "update_keys" })
  carol.flush(world.service)
  carol.receiveNext(world.service)
  alice.receive(envelopeOf(carol.text("early")))
  alice.send({ kind: "invite", keyPackages: [world.device().keyPackage()] })
  alice.send({ kind: "remove", members: [bob.self] })
  expect(skipped.outgoing).toHaveLength(1)
  return { alice, records: alice.store.records(), older }
}

describe("stored records of a member", () => {
  it("are the taker's, who zeroes them once they are stored", () => {
    const [alice] = new World(suite0001).group(1)
    const before = [toHex(alice.member.self), toHex(alice.member.device), toHex(alice.member.toBytes())]
    const woken = memberFromBytes(suite0001, alice.member.toBytes(), { device: alice.keys, random: seededRandom(9) })
    for (const { value } of woken.takeChanges().changes) value?.fill(0)
    expect([toHex(woken.self), toHex(woken.device), toHex(woken.toBytes())]).toEqual(before)
  })

  const { alice, records, older } = busy()
  const ofUnknownSuite = (...keys: readonly string[]): StateRecord[] =>
    records.map(({ key, value }) => ({ key, value: keys.includes(key) ? value.with(1, 0x40) : value }))

  it("wake the member as it was, down to the byte", () => {
    expect(wake(alice, records).toBytes()).toEqual(alice.member.toBytes())
  })

  it.each(records.map(({ key }) => key))("are refused as corrupt without %s, and with another", (key) => {
    expect(() =>
      wake(
        alice,
        records.filter((record) => record.key !== key),
      ),
    ).toThrow(refusal("corrupt"))
    const longer = records.map((record) => ({
      key: record.key,
      value: record.key === key ? concatBytes(record.value, Uint8Array.of(0)) : record.value,
    }))
    expect(() => wake(alice, longer)).toThrow(refusal("corrupt"))
  })

  it("are refused with any of them as it was before, and with the whole MLS group as it was before", () => {
    const before = new Map(older.map(({ key, value }) => [key, value]))
    const rolledBack = (isOld: (key: string) => boolean) => {
      const kept = records.filter(({ key }) => !isOld(key))
      return [...kept, ...older.filter(({ key }) => isOld(key))]
    }
    const changed = records.filter(({ key, value }) => String(before.get(key) ?? value) !== String(value))
    expect(changed.map(({ key }) => key)).toContain("sender")
    for (const { key } of changed)
      expect(() =>
        wake(
          alice,
          rolledBack((one) => one === key),
        ),
      ).toThrow(refusal("corrupt"))
    expect(() =>
      wake(
        alice,
        rolledBack((key) => key.startsWith("mls/")),
      ),
    ).toThrow(refusal("corrupt"))
    expect(() =>
      wake(
        alice,
        rolledBack((key) => !key.startsWith("mls/")),
      ),
    ).toThrow(refusal("corrupt"))
    expect(() =>
      wake(
        alice,
        rolledBack(() => true),
      ),
    ).not.toThrow()
  })

  it("are refused with one more, with one twice, and where there are none", () => {
    for (const more of [
      records[0]!,
      { key: "unknown", value: new Uint8Array(1) },
      { key: "parked/1", value: new Uint8Array(1) },
    ]) {
      expect(() => wake(alice, [...records, more])).toThrow(refusal("corrupt"))
    }
    expect(() => wake(alice, [])).toThrow(refusal("corrupt"))
  })

  it("are refused for another identity, and where a newer program wrote them", () => {
    const other = suite0001.signatureKeyPair(new Uint8Array(32))
    expect(() => wake(alice, records, other)).toThrow(refusal("wrong_identity"))
    const newer = records.map(({ key, value }) => ({
      key,
      value: key === "member" ? value.with(0, STATE_VERSION + 1) : value,
    }))
    expect(() => wake(alice, newer)).toThrow(refusal("unknown_version"))
    const newerGroup = records.map(({ key, value }) => ({ key, value: key === "mls/state" ? value.with(0, 3) : value }))
    expect(() => wake(alice, newerGroup)).toThrow(refusal("unknown_version"))
  })

  it("are refused as corrupt where they say two suites, and as of another suite where that is what all say", () => {
    expect(() => wake(alice, ofUnknownSuite("member"))).toThrow(refusal("corrupt"))
    expect(() => wake(alice, ofUnknownSuite("mls/state"))).toThrow(refusal("corrupt"))
    expect(() => wake(alice, ofUnknownSuite("member", "mls/state"))).toThrow(refusal("unknown_suite"))
  })

  it("are refused in the same way for the suite of a group of before", () => {
    const world = new World(suite0001)
    const [author, other] = world.group(2, { suites: [suite0001, suite0003] })
    const keyPackages = [other.keyPackage(DAY_MS, suite0003)]
    author.send({ kind: "change_suite", suiteId: suite0003.id, keyPackages })
    world.settle()
    const stored = author.store.records()
    const flipped = stored.map(({ key, value }) => {
      return { key, value: key.startsWith("replaced/") ? value.with(0, 0x40) : value }
    })
    const surroundings = { device: author.keys, random: seededRandom(9) }
    const all = { ...surroundings, suites: [suite0001, suite0003] }
    expect(() => memberFromRecords(suite0003, stored, surroundings)).toThrow(refusal("unknown_suite"))
    expect(() => memberFromRecords(suite0001, flipped, all)).toThrow(refusal("corrupt"))
    expect(memberFromRecords(suite0001, stored, all).suiteId).toBe(suite0003.id)
  })

  it("are refused where those of the MLS group are older than the others, though each part holds together", () => {
    const [speaker] = new World(suite0001).group(2)
    speaker.text("one")
    const before = speaker.store.records()
    speaker.text("two")
    const after = speaker.store.records()
    const mixed = [...before.filter(isOfGroup), ...after.filter((record) => !isOfGroup(record))]
    expect(mixed).toHaveLength(after.length)
    expect(() => wake(speaker, mixed)).toThrow(refusal("corrupt"))
  })

  it("are all owed by a member that was woken from one piece", () => {
    const surroundings = { device: alice.keys, random: seededRandom(9) }
    const woken = memberFromBytes(suite0001, alice.member.toBytes(), surroundings)
    const { isWhole, changes } = woken.takeChanges()
    expect(isWhole).toBe(true)
    expect(wake(alice, changes as StateRecord[]).toBytes()).toEqual(alice.member.toBytes())
  })

  it("lose what a lower limit does not allow, in the store too", () => {
    expect(records.filter(({ key }) => key.startsWith("seen/"))).toHaveLength(2)
    const woken = wake(alice, records, alice.keys, { seenMessages: 1 })
    const { changes } = woken.takeChanges()
    expect(changes.filter(({ key, value }) => key.startsWith("seen/") && value === undefined)).toHaveLength(1)
  })
})

describe("members who restart from their records all the time", () => {
  it.each([1, 2, 3])("go on as if they never had (seed %i)", (seed) => {
    const world = new World(suite0001, seed)
    const [alice, bob, carol] = world.group(3)
    for (const device of [alice, bob, carol]) device.text(`hello from ${device.self[0]}`)
    alice.send({ kind: "update_keys" })
    bob.send({ kind: "remove", members: [carol.self] })
    for (const device of [bob, alice]) device.text("more")
    world.settleShuffled(seed, true)
    expect(agree([alice, bob])).toBe(true)
    for (const device of [alice, bob]) device.restart()
  })

  it("have nothing stored of epochs that can no longer be read", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.receive(envelopeOf(bob.text("one")))
    bob.outbox = []
    for (let epochs = 0; epochs < 4; epochs++) {
      bob.send({ kind: "update_keys" })
      world.settle()
    }
    alice.receive(envelopeOf(bob.text("two")))
    alice.restart()
    const stored = alice.store.records().map(({ key }) => key)
    const ofFirstEpoch = stored.filter((key) => key.includes("/0000000000000001") && !key.startsWith("seen/"))
    expect(ofFirstEpoch).toEqual(["mls/resumption/0000000000000001"])
  })

  it("have nothing stored of an early envelope once its epoch has come", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    alice.send({ kind: "update_keys" })
    alice.flush(world.service)
    alice.receiveNext(world.service)
    bob.receive(envelopeOf(alice.text("early")))
    const parked = () => bob.store.records().filter(({ key }) => key.startsWith("parked/"))
    expect(parked()).toHaveLength(1)
    bob.receiveNext(world.service)
    expect([bob.shown(), parked()]).toEqual([["early"], []])
    bob.restart()
  })

  it("lose nothing where a disk was full: it is owed until it is stored", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2)
    const message = envelopeOf(alice.text("one"))
    bob.member.receive(message, world.clock.nowMs)
    bob.store.write(bob.member, true)
    bob.restart()
    expect(bob.receive(message).events).toMatchObject([{ kind: "dropped", reason: "replay_detected" }])
  })
})

/** What each kind of event makes alice write, in a group of which only bob is awake beside her. */
function writtenBy(memberCount: number): Record<string, Written> {
  const world = new World(suite0001, memberCount)
  const [alice, bob] = [world.device(), world.device()]
  const random = seededRandom(memberCount)
  const others = Array.from({ length: memberCount - 2 }, () => {
    const device = suite0001.signatureKeyPair(random(32))
    const about = { suite: suite0001, device, random, nowMs: world.clock.nowMs, count: 1, lifetimeMs: 86_400_000 }
    return createKeyPackages(about)[0]!.keyPackage
  })
  alice.create("garden")
  alice.send({ kind: "invite", keyPackages: [...others, bob.keyPackage()] })
  world.settle()
  const after = (event: () => unknown): Written => {
    event()
    return alice.store.last
  }
  /** Lets a commit through to alice; the texts before went from hand to hand. */
  const commit = (by: Device): void => {
    for (const device of [alice, bob]) device.outbox = []
    by.send({ kind: "update_keys" })
    by.flush(world.service)
    if (by === bob) bob.receiveNext(world.service)
    alice.receiveNext(world.service)
  }
  return {
    "first text received from a member": after(() => alice.receive(envelopeOf(bob.text("first")))),
    "text received": after(() => alice.receive(envelopeOf(bob.text("second")))),
    "first text sent": after(() => alice.text("first")),
    "text sent": after(() => alice.text("second")),
    "commit received": after(() => commit(bob)),
    "own commit merged": after(() => commit(alice)),
    "own commit made": after(() => alice.send({ kind: "update_keys" })),
  }
}

/** Bytes for each doubling of the group, and bytes in any case. */
const LAW: readonly (readonly [event: string, perLevel: number, constant: number])[] = [
  ["first text received from a member", 70, 1100],
  ["text received", 0, 1000],
  ["first text sent", 70, 880],
  ["text sent", 0, 860],
  ["commit received", 125, 1220],
  ["own commit merged", 125, 1260],
  ["own commit made", 185, 1210],
]

describe("what is written of a member", () => {
  const written = [2, 16, 128].map((memberCount) => ({ memberCount, events: writtenBy(memberCount) }))

  it.each(LAW)("for a %s grows with the levels of the tree, not with the members", (event, perLevel, constant) => {
    for (const { memberCount, events } of written) {
      const levels = Math.log2(memberCount)
      const { puts, putBytes } = events[event]!
      expect([memberCount, putBytes <= perLevel * levels + constant, putBytes]).toEqual([memberCount, true, putBytes])
      expect(puts).toBeLessThanOrEqual(2 * levels + 12)
    }
  })
})
