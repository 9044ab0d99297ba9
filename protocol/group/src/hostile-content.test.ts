import { suite0001 } from "@qpc/crypto/node"
import { encodeEnvelope } from "@qpc/envelope"
import { newMessageId, toGroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { envelopeWith } from "./testing/outlaw-content.ts"
import type { OutlawContent } from "./testing/outlaw-content.ts"
import { Outlaw } from "./testing/outlaw.ts"
import { seededRandom } from "./testing/seeded-random.ts"
import { agree, envelopeOf, told, World } from "./testing/world.ts"

const LIMITS = { textBytes: 1000, seenMessages: 100 }

/** Two honest devices and an outlaw between them in the tree: leaves 0, 2 and 1. */
function withOutlaw(suite = suite0001) {
  const world = new World(suite0001)
  const [alice] = world.group(1, { limits: LIMITS })
  const bob = world.device({ limits: LIMITS })
  const outlaw = new Outlaw(suite, 77, world.clock.nowMs)
  alice.send({ kind: "invite", keyPackages: [outlaw.keyPackage()] })
  world.settle()
  outlaw.join(nth(world.service.inbox(outlaw.inboxKey)))
  alice.send({ kind: "invite", keyPackages: [bob.keyPackage()] })
  world.settle()
  outlaw.follow(nth(world.service.inbox(outlaw.inboxKey), 1))
  for (const device of [alice, bob]) device.events.length = 0
  return { world, alice, bob, outlaw }
}

const reasonOf = (device: Device, envelope: Uint8Array) =>
  device.receive(envelope).events.map((event) => (event.kind === "dropped" ? event.reason : event.kind))

/** What a member with valid keys may try, and what everybody else says to it. */
const LIES: readonly (readonly [title: string, reason: string, OutlawContent])[] = [
  ["a control frame", "malformed_control", { content: { st: 0, sid: 100, fl: 11 } }],
  ["an audio frame", "stream_not_spoken", { content: { st: 1, sid: 102, fl: 1 } }],
  ["a signal", "stream_not_spoken", { content: { st: 3, sid: 103, fl: 7 } }],
  ["a frame of a stream type that there is not", "unknown_stream_type", { content: { st: 4 } }],
  ["a frame on the stream of another", "sender_mismatch", { content: { sid: 1 } }],
  ["a frame on its own stream of another type", "sender_mismatch", { content: { sid: 100 } }],
  ["a text with flags of the control stream", "flags_not_allowed", { content: { fl: 15 } }],
  ["a text without the flags that texts have", "flags_not_allowed", { content: { fl: 1 } }],
  ["a critical frame of a transition that never was", "transition_mismatch", { content: { fl: 23, tid: 9 } }],
  ["the sequence number 0", "replay_detected", { content: { seq: 0 } }],
  ["a content that is none", "malformed_content", { content: new Uint8Array(9) }],
  ["a content with a field too many", "malformed_content", { content: { extra: 1 } }],
  ["a payload format that is not spoken", "unsupported_payload_format", { content: { seq: 2, pf: 1 } }],
  ["a message that is none", "malformed", { content: { seq: 3 }, message: new Uint8Array(9) }],
  ["the message id 0", "malformed", { content: { seq: 4 }, message: { messageId: 0n } }],
  ["a message in the name of another", "sender_mismatch", { content: { seq: 5 }, message: { senderId: 0 } }],
  ["flags that mean nothing", "unknown_flags", { content: { seq: 6 }, message: { flags: 8 } }],
  [
    "a content type that there is not",
    "unsupported_content_type",
    { content: { seq: 7 }, message: { contentType: 9 } },
  ],
  ["a binary content", "content_type_not_spoken", { content: { seq: 8 }, message: { contentType: 2 } }],
  ["a length that is not the body's", "bad_length", { content: { seq: 9 }, message: { contentLength: 99 } }],
  ["bytes that are no text", "not_utf8", { content: { seq: 10 }, message: { body: Uint8Array.of(0xff) } }],
  ["a text beyond the limit", "too_large", { content: { seq: 11 }, message: { body: new Uint8Array(1001) } }],
]

describe("a valid member who sends", () => {
  it.each(LIES)("%s is not believed: %s", (_title, reason, lie) => {
    const { world, alice, bob, outlaw } = withOutlaw()
    expect(reasonOf(alice, envelopeWith(outlaw, lie))).toEqual([reason])
    expect(alice.shown()).toEqual([])
    alice.text("still here")
    world.settle()
    expect(bob.shown()).toEqual(["still here"])
    expect(reasonOf(alice, envelopeWith(outlaw, { content: { seq: 20 }, message: { messageId: 2n } }))).toEqual([
      "text",
    ])
  })

  it("a refused frame does not use up a number that the honest one needs", () => {
    const { alice, outlaw } = withOutlaw()
    expect(reasonOf(alice, envelopeWith(outlaw, { content: { fl: 15 } }))).toEqual(["flags_not_allowed"])
    expect(reasonOf(alice, envelopeWith(outlaw, {}))).toEqual(["text"])
  })

  it("one text twice in two frames has it shown once", () => {
    const { alice, outlaw } = withOutlaw()
    const twice = [1, 2].map((seq) => envelopeWith(outlaw, { content: { seq } }))
    expect(twice.map((envelope) => reasonOf(alice, envelope))).toEqual([["text"], ["duplicate_message"]])
  })

  it("two texts under one number, one to each, is not believed twice by anybody", () => {
    const { alice, bob, outlaw } = withOutlaw()
    const yes = envelopeWith(outlaw, { message: { messageId: 1n } })
    const no = envelopeWith(outlaw, { message: { messageId: 2n } })
    expect([reasonOf(alice, yes), reasonOf(bob, no)]).toEqual([["text"], ["text"]])
    expect([reasonOf(alice, no), reasonOf(bob, yes)]).toEqual([["replay_detected"], ["replay_detected"]])
  })

  it("a time at the end of all times is shown with the last one that a number can be", () => {
    const { alice, outlaw } = withOutlaw()
    alice.receive(envelopeWith(outlaw, { message: { timestampMs: 2n ** 64n - 1n } }))
    expect(told(alice, "text")).toMatchObject([{ sentAtMs: Number.MAX_SAFE_INTEGER }])
  })

  it("a message far ahead of all others cannot make us work for it", () => {
    const { alice, outlaw } = withOutlaw()
    const envelopes = Array.from({ length: 1003 }, (_, i) =>
      envelopeWith(outlaw, { content: { seq: i + 1 }, message: { messageId: BigInt(i + 1) } }),
    )
    expect(reasonOf(alice, nth(envelopes, 1001))).toEqual(["decrypt_failed"])
    expect(reasonOf(alice, nth(envelopes, 1000))).toEqual(["text"])
    expect(reasonOf(alice, nth(envelopes, 1001))).toEqual(["text"])
  })

  it("thousands of texts takes no more of our memory than the limits", () => {
    const { alice, outlaw } = withOutlaw()
    const send = (from: number, to: number): number => {
      for (let seq = from; seq <= to; seq++) {
        // Every second one never comes: its key waits for it.
        const envelope = envelopeWith(outlaw, { content: { seq }, message: { messageId: BigInt(seq) } })
        if (seq % 2 === 0) alice.member.receive(envelope, 0)
      }
      return alice.member.toBytes().length
    }
    const before = send(1, 300)
    expect(Math.abs(send(301, 1300) - before)).toBeLessThan(200)
  })
})

/** A suite that spoils the path secret for the `nth` recipient of a commit, counted from 0. */
function spoiling(nthSeal: number): { readonly suite: typeof suite0001; isOn: boolean } {
  const spoiler = { isOn: false, suite: suite0001 }
  let seals = 0
  spoiler.suite = Object.assign(Object.create(suite0001) as typeof suite0001, {
    hpkeSeal: (...words: Parameters<typeof suite0001.hpkeSeal>) => {
      const sealed = suite0001.hpkeSeal(...words)
      if (spoiler.isOn && seals++ === nthSeal) sealed?.ciphertext.reverse()
      return sealed
    },
  })
  return spoiler
}

describe("a valid member who commits", () => {
  it("so that only some can follow leaves the others where they are, and they are told", () => {
    const spoiler = spoiling(0)
    const { alice, bob, outlaw } = withOutlaw(spoiler.suite)
    spoiler.isOn = true
    const commit = outlaw.commit({})
    expect(alice.receive(commit).events).toEqual([
      { kind: "dropped", reason: "path_secret_not_decrypted", code: 0x0007 },
    ])
    expect(alice.member.isActive).toBe(true)
    expect(told(bob, "epoch_changed")).toEqual([])
    bob.receive(commit)
    expect(told(bob, "epoch_changed")).toMatchObject([{ epoch: 3n }])
    // What the others write from then on waits for a commit that does not come, and not for ever.
    const { wakeAtMs } = alice.receive(envelopeOf(bob.text("without alice")))
    expect(wakeAtMs).toBeDefined()
    expect(alice.shown()).toEqual([])
  })

  it("to one group and another commit to the rest splits it visibly: no two have one authenticator", () => {
    const { alice, bob, outlaw } = withOutlaw()
    const [one, other] = [outlaw.commit({}), outlaw.commit({})]
    alice.receive(one)
    bob.receive(other)
    expect([alice.member.epoch, bob.member.epoch]).toEqual([3n, 3n])
    expect(agree([alice, bob])).toBe(false)
    expect(reasonOf(alice, other)).toEqual(["epoch_too_old"])
    expect(reasonOf(alice, envelopeOf(bob.text("which one?")))).toEqual(["decrypt_failed"])
  })

  it("nothing that anybody can follow blocks changes, and not the conversation: who wants one is told", () => {
    const { world, alice, bob, outlaw } = withOutlaw()
    const groupId = toGroupId(outlaw.group.groupId.slice())
    const envelope = encodeEnvelope({ kind: "commit", groupId, epoch: 2n, sealed: new Uint8Array(100) })
    const everyone = [alice.inboxKey, bob.inboxKey, outlaw.inboxKey]
    const claim = { epoch: 2n, membersAfter: everyone, authenticatorHash: new Uint8Array(32) }
    const deliveries = [{ recipients: everyone, envelope }]
    const messageId = newMessageId(world.clock.nowMs, seededRandom(5))
    expect(world.service.offer({ messageId, groupId, deliveries, claim })).toBe("accepted")
    world.settle()
    expect(told(alice, "dropped")).toMatchObject([{ reason: "malformed" }])
    alice.send({ kind: "update_keys" })
    world.settle()
    for (let round = 0; round < 16; round++) {
      world.clock.nowMs += 30_000
      alice.tick()
      world.settle()
    }
    expect(told(alice, "intent_failed")).toMatchObject([{ reason: "winner_missing" }])
    alice.text("we can still talk")
    world.settle()
    expect(bob.shown()).toEqual(["we can still talk"])
  })

  it("again and again cannot make us keep what it staged", () => {
    const { world, alice, outlaw } = withOutlaw()
    const before = alice.member.toBytes().length
    const impostor = new Outlaw(suite0001, 78, world.clock.nowMs).keyPackage(alice.self)
    for (let i = 0; i < 50; i++) {
      expect(reasonOf(alice, outlaw.commit({ adds: [impostor] }))).toEqual(["credential_key_mismatch"])
    }
    expect(alice.member.toBytes().length).toBe(before)
    expect(reasonOf(alice, outlaw.commit({}))).toEqual(["epoch_changed"])
  })
})
