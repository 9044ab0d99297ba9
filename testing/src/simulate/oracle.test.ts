import type { Change } from "@qpc/sdk"
import type { Batch, BatchOutcome } from "@qpc/server/core"
import { decodeEnvelope, encodeEnvelope } from "@qpc/envelope"
import { concatBytes, fromHex, toGroupId, toIdentityKey, toMessageId, toUtf8 } from "@qpc/wire"
import { beforeEach, describe, expect, it } from "vitest"
import { bodyOf, Oracle } from "./oracle.ts"
import type { Device, GroupView } from "./oracle.ts"

const GROUP = "aa".repeat(16)
const alice: Device = { key: "01".repeat(32), identityKey: "01".repeat(32), name: "alice" }
const bob: Device = { key: "02".repeat(32), identityKey: "02".repeat(32), name: "bob" }
const both = [alice.key, bob.key]
const view = (epoch: bigint, authenticator = "x"): GroupView => ({
  epoch,
  suiteId: 1,
  authenticator,
  roster: both,
  isMember: true,
  isStuck: false,
})

const idOf = (number: number): Uint8Array => new Uint8Array(16).fill(number)
/** What the sdk writes: version, id, and the text somewhere behind it. */
const line = (number: number, place = number): Change => ({
  kind: "put",
  collection: "messages",
  key: concatBytes(fromHex(GROUP), idOf(place)),
  value: concatBytes(Uint8Array.of(1), idOf(number), toUtf8(bodyOf(number))),
})
const sent = (number: number, state: number): Change => ({
  kind: "put",
  collection: "sent",
  key: idOf(number),
  value: concatBytes(Uint8Array.of(1), fromHex(GROUP), Uint8Array.of(state)),
})
const signHead = () => expect.unreachable()
/** Alice is told that a person, known to her by this key, will not get one of her texts. */
const givenUpFor = (person: string): Change => ({
  kind: "put",
  collection: "notices",
  key: new Uint8Array(8),
  value: concatBytes(
    new Uint8Array(21),
    Uint8Array.of(1),
    fromHex(GROUP),
    toUtf8("\u0013inbox_full_given_up"),
    fromHex(person),
  ),
})
const givenUp = givenUpFor(bob.key)
const accepted: BatchOutcome = {
  kind: "accepted",
  duplicate: false,
  acceptedAtMs: 0,
  skipped: [],
  full: [],
  firstSeq: 1,
}
const batch = (number: number, epoch = 1n): Batch => {
  const groupId = toGroupId(fromHex(GROUP))
  const payload = encodeEnvelope({ kind: "application", groupId, epoch, sealed: new Uint8Array(4) })
  return {
    sender: toIdentityKey(fromHex(alice.key)),
    messageId: toMessageId(idOf(number)),
    fingerprint: new Uint8Array(32),
    channelId: groupId,
    deliveries: [{ recipients: [toIdentityKey(fromHex(bob.key))], payload }],
    acceptedAtMs: 0,
    expiresAtMs: 1,
    rememberedUntilMs: 1,
  }
}

const head = (byte: number) => ({
  hash: new Uint8Array(32).fill(byte),
  signature: new Uint8Array(64),
  acceptedAtMs: 0,
})

describe("oracle", () => {
  let oracle: Oracle
  const kinds = (): readonly string[] => oracle.violations.map(({ kind }) => kind)
  /** Alice writes the next text and the server takes it. */
  const write = (): number => {
    const number = oracle.writing(alice, GROUP)
    oracle.durable(alice, [line(number)])
    oracle.enqueued(batch(number), accepted)
    return number
  }

  beforeEach(() => {
    oracle = new Oracle()
    oracle.observed(alice, GROUP, view(1n), true)
    oracle.observed(bob, GROUP, view(1n), true)
  })

  it("is content with a conversation in order", () => {
    for (const number of [write(), write()]) oracle.durable(bob, [line(number)])
    expect(oracle.missing(bob, GROUP)).toEqual([])
    expect(kinds()).toEqual([])
  })

  it("reports two authenticators of one epoch as a fork", () => {
    oracle.observed(alice, GROUP, view(2n), true)
    oracle.observed(bob, GROUP, view(2n, "y"), true)
    expect(kinds()).toEqual(["fork"])
  })

  it("reports two rosters of one epoch as a fork", () => {
    oracle.observed(bob, GROUP, { ...view(1n), roster: [bob.key] }, false)
    expect(kinds()).toEqual(["fork"])
  })

  it("reports a group that goes back from X-Wing", () => {
    oracle.observed(alice, GROUP, { ...view(2n), suiteId: 0xf002 }, true)
    expect(kinds()).toEqual([])
    oracle.observed(bob, GROUP, view(3n), false)
    expect(kinds()).toEqual(["weakened"])
  })

  it("reports a disk that goes back an epoch, not a memory that was lost", () => {
    oracle.observed(bob, GROUP, view(2n), false)
    oracle.observed(bob, GROUP, view(1n), true)
    expect(kinds()).toEqual([])
    oracle.observed(bob, GROUP, view(0n), true)
    expect(kinds()).toEqual(["epoch_back"])
  })

  it("reports a text that is on a disk twice", () => {
    const number = write()
    oracle.durable(bob, [line(number)])
    oracle.durable(bob, [line(number, 99)])
    expect(kinds()).toEqual(["duplicate"])
  })

  it("lets a text be written again where it is, when its time changes", () => {
    const number = write()
    oracle.durable(bob, [line(number)])
    oracle.durable(bob, [line(number)])
    expect(kinds()).toEqual([])
  })

  it("reports a text that its sender never wrote down", () => {
    oracle.durable(bob, [line(oracle.writing(alice, GROUP))])
    oracle.durable(bob, [line(77)])
    expect(kinds()).toEqual(["unsent", "unsent"])
  })

  it("reports what the server took and nobody wrote, but not what is no text", () => {
    const groupId = toGroupId(fromHex(GROUP))
    for (const kind of ["proposal", "rejoin_request", "rejoin_answer"] as const) {
      const payload = encodeEnvelope({ kind, groupId, epoch: 1n, sealed: new Uint8Array(4) })
      oracle.enqueued({ ...batch(50), deliveries: [{ recipients: [], payload }] }, accepted)
    }
    expect(kinds()).toEqual([])
    oracle.enqueued(batch(50), accepted)
    expect(kinds()).toEqual(["unsent"])
  })

  it("reports texts of one sender in another order", () => {
    const [first, second] = [write(), write()]
    oracle.durable(bob, [line(second)])
    oracle.durable(bob, [line(first)])
    expect(kinds()).toEqual(["order"])
  })

  it("lets a text come late to an inbox that had no room for it", () => {
    const first = oracle.writing(alice, GROUP)
    oracle.durable(alice, [line(first)])
    oracle.enqueued(batch(first), { ...accepted, full: [toIdentityKey(fromHex(bob.key))] })
    expect(oracle.missing(bob, GROUP)).toHaveLength(1)
    const second = write()
    oracle.durable(bob, [line(second)])
    oracle.durable(bob, [line(first)])
    expect(kinds()).toEqual([])
  })

  it("reports a text that one device of the group is left out of", () => {
    const members = [alice.key, bob.key, "03".repeat(32)].map((key) => toIdentityKey(fromHex(key)))
    const claim = { epoch: 0, membersAfter: members, commitIndex: 0, keptUntilMs: 0, signHead }
    oracle.enqueued({ ...batch(9), claim }, accepted)
    write()
    expect(oracle.violations).toEqual([
      { kind: "lost", what: `text 1 is not addressed to ${"03".repeat(32)} in epoch 1` },
    ])
  })

  it("counts commits that change nobody and that nobody asked for", () => {
    const counts: string[] = []
    oracle = new Oracle((what) => void counts.push(what))
    const membersAfter = both.map((key) => toIdentityKey(fromHex(key)))
    const commit = (number: number, epoch: number): void =>
      oracle.enqueued(
        { ...batch(number), claim: { epoch, membersAfter, commitIndex: 0, keptUntilMs: 0, signHead } },
        accepted,
      )
    const unasked = (): number => counts.filter((what) => what === "commits for new keys that nobody asked for").length
    commit(7, 0)
    commit(8, 1)
    expect(unasked()).toBe(1)
    oracle.durable(alice, [sent(5, 0)])
    commit(9, 2)
    expect(unasked()).toBe(1)
  })

  it("counts a key update when it is done, and once", () => {
    const counts: string[] = []
    oracle = new Oracle((what) => void counts.push(what))
    oracle.updatesKeys("05050505-0505-0505-0505-050505050505")
    oracle.durable(alice, [sent(5, 0)])
    expect(counts).toEqual([])
    oracle.durable(alice, [sent(5, 1), sent(5, 1)])
    expect(counts).toEqual(["key updates that people asked for"])
  })

  it("finds unread what was written since, unless it waited for room and its sender was told", () => {
    const [first, second] = [write(), oracle.writing(alice, GROUP)]
    oracle.durable(alice, [line(second)])
    oracle.enqueued(batch(second), { ...accepted, full: [toIdentityKey(fromHex(bob.key))] })
    const refused = oracle.writing(alice, GROUP)
    const unread = (since: number): readonly number[] => oracle.unread(bob, GROUP, since).map(({ number }) => number)
    expect(unread(first)).toEqual([first, second, refused])
    oracle.durable(alice, [givenUp])
    expect(unread(first)).toEqual([first, refused])
    expect(unread(second)).toEqual([refused])
  })

  it("excuses as many texts that waited for room as their sender was told will not arrive", () => {
    for (const number of [oracle.writing(alice, GROUP), oracle.writing(alice, GROUP), write()]) {
      oracle.durable(alice, [line(number)])
      if (number < 3) oracle.enqueued(batch(number), { ...accepted, full: [toIdentityKey(fromHex(bob.key))] })
    }
    const missing = (): readonly number[] => oracle.missing(bob, GROUP).map(({ number }) => number)
    expect(missing()).toEqual([1, 2, 3])
    oracle.durable(alice, [givenUp])
    expect(missing()).toEqual([2, 3])
    oracle.durable(alice, [givenUp])
    expect(missing()).toEqual([3])
  })

  it("excuses a text for a second device whose key alone its sender was told", () => {
    const second = { ...bob, key: "03".repeat(32) }
    const number = oracle.writing(alice, GROUP)
    oracle.durable(alice, [line(number)])
    oracle.enqueued(batch(number), { ...accepted, full: [toIdentityKey(fromHex(second.key))] })
    const unread = (): readonly number[] => oracle.unread(second, GROUP, number).map((text) => text.number)
    oracle.durable(alice, [givenUpFor("04".repeat(32))])
    expect(unread()).toEqual([number])
    oracle.durable(alice, [givenUpFor(second.key)])
    expect(unread()).toEqual([])
  })

  it("reports a second commit out of one epoch", () => {
    const claim = { epoch: 1, membersAfter: [], commitIndex: 0, keptUntilMs: 0, signHead }
    oracle.enqueued({ ...batch(1), claim }, accepted)
    oracle.enqueued({ ...batch(2), claim }, { kind: "epoch_conflict", currentEpoch: 2, missedCommits: [] })
    expect(kinds()).toEqual([])
    oracle.enqueued({ ...batch(2), claim }, accepted)
    expect(kinds()).toEqual(["two_commits"])
  })

  it("reports a server that signs two heads for one epoch, and a text that names another than it signed", () => {
    const claim = { epoch: 1, membersAfter: [], commitIndex: 0, keptUntilMs: 0, signHead }
    const named = (number: number, byte: number) => {
      const [delivery] = batch(number, 2n).deliveries
      const log = { hash: head(byte).hash, signature: new Uint8Array(64) }
      const payload = encodeEnvelope({ ...decodeEnvelope(delivery!.payload), log })
      return { ...batch(number, 2n), deliveries: [{ ...delivery!, payload }] }
    }
    oracle.enqueued({ ...batch(9), claim }, { ...accepted, position: { epoch: 2, head: head(1) } })
    for (const byte of [1, 2]) {
      const number = oracle.writing(alice, GROUP)
      oracle.durable(alice, [line(number)])
      oracle.enqueued(named(number, byte), accepted)
    }
    expect(kinds()).toEqual(["accused"])
    oracle.enqueued(
      { ...batch(8), claim },
      { kind: "epoch_conflict", currentEpoch: 2, missedCommits: [], head: head(2) },
    )
    expect(kinds()).toEqual(["accused", "accused"])
  })

  it("reports a device that holds something against the server", () => {
    const value = concatBytes(new Uint8Array(21), Uint8Array.of(1), fromHex(GROUP), toUtf8("server_equivocated"))
    oracle.durable(alice, [{ kind: "put", collection: "notices", key: new Uint8Array(8), value }])
    expect(kinds()).toEqual(["accused"])
  })

  it("misses a text that the server took and a member does not have", () => {
    const number = write()
    expect(oracle.missing(bob, GROUP).map((text) => text.number)).toEqual([number])
  })

  it("does not miss what was said before somebody joined, or what its sender was told has failed", () => {
    oracle.observed(bob, GROUP, { ...view(1n), isMember: false }, true)
    oracle.observed(bob, GROUP, view(2n), true)
    write()
    expect(oracle.missing(bob, GROUP)).toEqual([])
    const number = oracle.writing(alice, GROUP)
    oracle.durable(alice, [line(number)])
    oracle.enqueued(batch(number, 2n), accepted)
    expect(oracle.missing(bob, GROUP)).toHaveLength(1)
    oracle.durable(alice, [sent(number, 2)])
    expect(oracle.missing(bob, GROUP)).toEqual([])
  })

  it("knows what a device still waits for", () => {
    oracle.durable(alice, [sent(1, 0), sent(2, 1)])
    expect([...oracle.sentBy(alice.key).values()]).toEqual([
      { group: GROUP, state: "stored" },
      { group: GROUP, state: "accepted" },
    ])
  })
})
