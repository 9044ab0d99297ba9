import { suite0001 as suite } from "@qpc/crypto/node"
import { decodeEnvelope, encodeEnvelope, verifyEquivocation } from "@qpc/envelope"
import type { LogEntry } from "@qpc/envelope"
import { describe, expect, it } from "vitest"
import type { GroupEvent } from "./event.ts"
import type { Outgoing, Step } from "./step.ts"
import { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { SigningLog } from "./testing/signing-log.ts"
import { agree, EQUALS, envelopeOf, told, World } from "./testing/world.ts"

/** Alice and Bob, with nothing under way, and the log that both have followed. */
function pair(seed = 1) {
  const log = new SigningLog(suite)
  const world = new World(suite, seed, log)
  const [alice, bob] = world.group(2, { roles: EQUALS, limits: { keptTexts: 0 } })
  return { log, world, alice, bob }
}

/** The commit of a device, not yet with the network. */
function commitOf(device: Device): Outgoing {
  return nth(device.send({ kind: "update_keys" }).outgoing)
}

const commitIn = (outgoing: Outgoing): Uint8Array => nth(outgoing.deliveries).envelope
const reasons = ({ events }: Step): string[] => events.flatMap((event) => ("reason" in event ? [event.reason] : []))
const kinds = ({ events }: Step): GroupEvent["kind"][] => events.map(({ kind }) => kind)

/** Alice and Bob, each with a commit of their own in the place of the other's. */
function forked() {
  const { log, alice, bob } = pair()
  const other = log.fork()
  alice.receive(commitIn(log.label(commitOf(alice))))
  bob.receive(commitIn(other.label(commitOf(bob))))
  expect([alice.member.epoch, bob.member.epoch]).toEqual([2n, 2n])
  for (const device of [alice, bob]) device.outbox.length = 0
  return { log, other, alice, bob }
}

describe("a member and the log of epochs", () => {
  it("names in each text the head that it has followed to", () => {
    const { alice, bob } = pair()
    const text = envelopeOf(alice.text("hello"))
    const { log } = decodeEnvelope(text)
    expect(log).toEqual(decodeEnvelope(envelopeOf(bob.text("hello too"))).log)
    bob.receive(text)
    expect(bob.shown()).toEqual(["hello"])
  })

  it("does not show a text whose head was changed or taken away, and still shows the text itself after", () => {
    const { alice, bob } = pair()
    const [first, second] = [
      decodeEnvelope(envelopeOf(alice.text("one"))),
      decodeEnvelope(envelopeOf(alice.text("two"))),
    ]
    const forged = { ...first.log!, hash: new Uint8Array(32) }
    const step = bob.receive(encodeEnvelope({ ...first, log: forged }))
    expect(reasons(step)).toEqual(["header_mismatch", "head_unsigned"])
    const { log: _, ...plain } = second
    expect(reasons(bob.receive(encodeEnvelope(plain)))).toEqual(["header_mismatch"])
    expect(bob.shown()).toEqual([])
    for (const text of [first, second]) bob.receive(encodeEnvelope(text))
    expect(bob.shown()).toEqual(["one", "two"])
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("never accuses an honest service, seed %i", (seed) => {
    const log = new SigningLog(suite)
    const world = new World(suite, seed, log)
    const devices = world.group(3, { roles: EQUALS })
    for (let round = 0; round < 4; round++) {
      for (const device of devices) {
        device.text(`round ${round}`)
        device.send({ kind: "update_keys" })
      }
      world.settleShuffled(seed * 10 + round, true)
    }
    expect(agree(devices)).toBe(true)
    for (const device of devices) {
      expect([...told(device, "server_equivocated"), ...told(device, "log_anomaly")]).toEqual([])
      expect(device.member.serverProof).toBeUndefined()
    }
  })

  it("does not follow a commit that the service says nothing of, did not sign, or has not in its line", () => {
    const { log, alice } = pair()
    const outgoing = commitOf(alice)
    const elsewhere = new SigningLog(suite)
    const wrong: Partial<LogEntry> = { commitHash: new Uint8Array(32) }
    const offers: readonly (readonly [Uint8Array, string])[] = [
      [commitIn(outgoing), "head_missing"],
      [commitIn(log.fork(2).label(outgoing)), "head_unsigned"],
      [commitIn(log.fork().label(outgoing, wrong)), "head_contradicts"],
      [commitIn(elsewhere.label(outgoing)), "head_contradicts"],
    ]
    for (const [envelope, reason] of offers) {
      const step = alice.receive(envelope)
      expect(reasons(step)).toEqual([reason])
      expect(alice.member.epoch).toBe(1n)
    }
  })

  it("follows the right commit after a wrong one, and has the proof that the wrong one was signed too", () => {
    const { log, alice } = pair()
    const outgoing = commitOf(alice)
    alice.receive(commitIn(log.fork().label(outgoing, { commitHash: new Uint8Array(32) })))
    const step = alice.receive(commitIn(log.label(outgoing)))
    expect(kinds(step)).toEqual(["server_equivocated", "dropped"])
    expect(alice.member.epoch).toBe(1n)
  })

  it("shows a log that goes back in time or was told another authenticator, and goes on", () => {
    const { log, alice, bob } = pair()
    log.nowMs -= 1000
    const labelled = log.label(commitOf(bob), { authenticatorHash: new Uint8Array(32).fill(1) })
    expect(reasons(alice.receive(commitIn(labelled)))).toEqual(["time_backwards", "authenticator_misstated"])
    expect(alice.member.epoch).toBe(2n)
    bob.receive(commitIn(labelled))
    bob.receive(envelopeOf(alice.text("still here")))
    expect(bob.shown()).toEqual(["still here"])
  })

  it("takes no offence at an author who states no authenticator", () => {
    const { log, alice, bob } = pair()
    const labelled = log.label(commitOf(alice), { authenticatorHash: new Uint8Array(32) })
    expect(kinds(bob.receive(commitIn(labelled)))).toEqual(["epoch_changed"])
  })

  it("holds what the service answers against what it has signed", () => {
    const { alice } = pair()
    const { log } = decodeEnvelope(envelopeOf(alice.text("hello")))
    const head = { epoch: 1n, hash: log!.hash, signature: log!.signature }
    expect(alice.take(alice.member.noteHead(head, 1n)).events).toEqual([])
    expect(reasons(alice.take(alice.member.noteHead(head, 2n)))).toEqual(["head_stale"])
    const forged = { ...head, hash: new Uint8Array(32) }
    expect(reasons(alice.take(alice.member.noteHead(forged, 1n)))).toEqual(["head_unsigned"])
  })

  it("remembers no head of another length, even if the service signed it, and none of epochs far away", () => {
    const { log, alice } = pair()
    const { groupId } = alice.member
    const note = (epoch: bigint, lengthBytes: number): Step => {
      const head = log.sign({ groupId, epoch, hash: new Uint8Array(lengthBytes) })
      return alice.take(alice.member.noteHead(head, 0n))
    }
    for (const lengthBytes of [31, 33]) expect(reasons(note(2n, lengthBytes))).toEqual(["head_unsigned"])
    for (let epoch = 2n; epoch < 100n; epoch++) expect(note(epoch, 32).events).toEqual([])
    const { value } = alice.store.records().find(({ key }) => key === "heads")!
    expect(value.length).toBeLessThan(20 * 104)
    alice.restart()
  })

  it("keeps heads of a bounded number of epochs", () => {
    const { log, world, alice, bob } = pair()
    for (let round = 0; round < 40; round++) {
      alice.send({ kind: "update_keys" })
      world.settle()
    }
    const before = alice.store.records().find(({ key }) => key === "heads")!.value.length
    expect(before).toBeLessThan(20 * 104 + 64)
    // A fork from the beginning is of an epoch that nobody can name any more.
    const late = new SigningLog(suite).label(commitOf(bob))
    const { log: label } = decodeEnvelope(commitIn(late))
    alice.take(alice.member.noteHead({ epoch: 1n, hash: label!.hash, signature: label!.signature }, 0n))
    expect(alice.member.serverProof).toBeUndefined()
    expect(log.publicKey).toEqual(new SigningLog(suite).publicKey)
  })
})

/** Alice and Bob, who were told different keys of the delivery service: it shows each the same history, signed for them. */
function estranged() {
  const log = new SigningLog(suite)
  const logs = { alice: log, bob: log.fork(2) }
  const clock = { nowMs: 1_800_000_000_000 }
  const alice = new Device({ suite, seed: 1, clock, epochLog: logs.alice.options })
  const bob = new Device({ suite, seed: 2, clock, epochLog: logs.bob.options })
  alice.create("us", EQUALS)
  const invitation = nth(alice.send({ kind: "invite", keyPackages: [bob.keyPackage()] }).outgoing)
  alice.receive(commitIn(logs.alice.label(invitation)))
  bob.receive(nth(logs.bob.label(invitation).deliveries, 1).envelope)
  expect([alice.member.epoch, bob.member.epoch]).toEqual([1n, 1n])
  return { logs, alice, bob }
}

describe("a service that tells two keys", () => {
  it("is noticed with the first text, while the histories still agree", () => {
    const { alice, bob } = estranged()
    const text = envelopeOf(alice.text("hello"))
    expect(decodeEnvelope(text).log?.hash).toEqual(decodeEnvelope(envelopeOf(bob.text("hello"))).log?.hash)
    for (const step of [bob.receive(text), alice.receive(envelopeOf(bob.text("hello too")))]) {
      expect(reasons(step)).toEqual(["other_server_key"])
    }
    expect([alice.shown(), bob.shown()]).toEqual([["hello too"], ["hello"]])
  })

  it("is told once of each person, by name", () => {
    const { alice, bob } = estranged()
    for (const text of ["one", "two"]) bob.receive(envelopeOf(alice.text(text)))
    const anomaly = { kind: "log_anomaly", epoch: 1n, reason: "other_server_key", by: alice.self }
    expect(told(bob, "log_anomaly")).toEqual([anomaly])
    expect(bob.shown()).toEqual(["one", "two"])
    bob.restart()
    bob.receive(envelopeOf(alice.text("three")))
    expect(told(bob, "log_anomaly")).toEqual([anomaly, anomaly])
  })

  it("leads nobody on with a commit whose head is signed with the other", () => {
    const { logs, alice, bob } = estranged()
    const commit = commitOf(alice)
    const forBob = logs.bob.label(commit)
    alice.receive(commitIn(logs.alice.label(commit)))
    bob.receive(commitIn(forBob))
    const next = commitOf(bob)
    const [forAlice, wrong] = [logs.alice.label(next), logs.bob.label(next)]
    // Alice knows the head before the commit comes.
    const { hash, signature } = decodeEnvelope(commitIn(forAlice)).log!
    alice.take(alice.member.noteHead({ epoch: 3n, hash, signature }, 3n))
    expect(reasons(alice.receive(commitIn(wrong)))).toEqual(["head_unsigned"])
    expect(kinds(alice.receive(commitIn(forAlice)))).toEqual(["epoch_changed"])
  })
})

describe("a service that shows two histories", () => {
  it("is proven a liar by one message across the fork, though it cannot be read", () => {
    const { log, alice, bob } = forked()
    const step = bob.receive(envelopeOf(alice.text("can you read this?")))
    expect(kinds(step)).toEqual(["server_equivocated", "dropped"])
    const { proof, epoch } = nth(told(bob, "server_equivocated"))
    expect(epoch).toBe(2n)
    expect(verifyEquivocation(suite, log.publicKey, proof)?.heads.map((head) => head.epoch)).toEqual([2n, 2n])
    expect(verifyEquivocation(suite, log.fork(2).publicKey, proof)).toBeUndefined()
  })

  it("is proven once, also after a restart", () => {
    const { alice, bob } = forked()
    const envelopes = [0, 1, 2].map((n) => envelopeOf(alice.text(`text ${n}`)))
    bob.receive(envelopes[0]!)
    bob.restart()
    for (const envelope of envelopes.slice(1)) expect(kinds(bob.receive(envelope))).toEqual(["dropped"])
    expect(bob.member.serverProof).toMatchObject({ isHalting: true })
  })

  it("is proven by a message from the epoch that it leads others to, before it has led us anywhere", () => {
    const { log, alice, bob } = pair()
    const other = log.fork()
    alice.receive(commitIn(log.label(commitOf(alice))))
    expect(kinds(bob.receive(envelopeOf(alice.text("ahead of you"))))).toEqual([])
    const step = bob.receive(commitIn(other.label(commitOf(bob))))
    expect(kinds(step)).toEqual(["server_equivocated", "dropped"])
    expect(bob.member.epoch).toBe(1n)
  })

  it("gets no more changes of the group until a person says so; texts go on", () => {
    const { alice, bob, other } = forked()
    bob.receive(envelopeOf(alice.text("hello")))
    expect(kinds(bob.send({ kind: "rename", name: "other" }))).toEqual(["refused"])
    expect(kinds(bob.text("hello"))).toEqual(["text_sealed"])
    expect(bob.wakeAtMs).toBeUndefined()
    expect(kinds(bob.take(bob.member.goOn(0)))).toEqual([])
    expect(bob.wakeAtMs).toBeDefined()
    bob.receive(commitIn(other.label(commitOf(bob))))
    expect(bob.member.epoch).toBe(3n)
  })

  it("lets what was wanted before wait, and go out when a person says so", () => {
    const { log, alice, bob } = pair()
    const other = log.fork()
    const first = commitOf(bob)
    bob.send({ kind: "rename", name: "other" })
    alice.receive(commitIn(log.label(commitOf(alice))))
    bob.receive(commitIn(other.label(first)))
    // The rename is on its way already; another one has to wait for it.
    bob.send({ kind: "rename", name: "third" })
    const [rename] = bob.outbox.slice(-1)
    bob.receive(envelopeOf(alice.text("hello")))
    expect(kinds(bob.receive(commitIn(other.label(rename!))))).toContain("intent_done")
    expect(bob.member.openIntentCount).toBe(1)
    bob.restart()
    expect(bob.take(bob.member.goOn(0)).outgoing).toHaveLength(1)
  })

  it("halts nobody for ever who is out of the group when a person says so, also after a restart", () => {
    const { log, alice, bob } = pair()
    const { groupId } = alice.member
    const other = log.sign({ groupId, epoch: 1n, hash: new Uint8Array(32) })
    expect(kinds(alice.take(alice.member.noteHead(other, 0n)))).toEqual(["server_equivocated"])
    const [removal] = bob.send({ kind: "remove", members: [alice.self] }).outgoing
    alice.receive(commitIn(log.label(removal!)))
    expect([alice.member.isActive, alice.member.serverProof?.isHalting]).toEqual([false, true])
    expect(alice.take(alice.member.goOn(0))).toMatchObject({ outgoing: [], events: [] })
    alice.restart()
    expect([alice.member.isActive, alice.member.serverProof?.isHalting]).toEqual([false, false])
  })
})
