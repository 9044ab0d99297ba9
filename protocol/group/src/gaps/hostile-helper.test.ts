import { suite0001 } from "@qpc/crypto/node"
import { encodeEnvelope, receiveEnvelope } from "@qpc/envelope"
import { decodeControl, encodeControl, OPCODE_REDELIVERY_ANSWER, OPCODE_REDELIVERY_ASK } from "@qpc/gbp"
import { decodeCbor, toGroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { GroupLimits } from "../limits.ts"
import type { Device } from "../testing/device.ts"
import { nth } from "../testing/nth.ts"
import { Outlaw } from "../testing/outlaw.ts"
import { envelopeWith } from "../testing/outlaw-content.ts"
import { envelopeOf, told, World } from "../testing/world.ts"
import { decodeAsk, encodeAnswer, encodeAsk } from "./redelivery-message.ts"
import type { RedeliveryAnswer, RedeliveryAsk } from "./redelivery-message.ts"

const MINUTE_MS = 60_000

/** What Mallory's group opens of an envelope: the payload of the frame. */
function opened(mallory: Outlaw, envelope: Uint8Array): Uint8Array {
  const received = receiveEnvelope(envelope)
  if (received.kind === "drop") throw new Error(received.reason)
  const frame = decodeCbor(received.envelope.sealed, { sizeBytes: 1 << 20, depth: 1, itemCount: 32 })
  const message = mallory.group.receive((frame as ReadonlyMap<string, Uint8Array>).get("pl")!, 0)
  if (message.kind !== "application") throw new Error(`not a message: ${message.kind}`)
  const content = decodeCbor(message.plaintext, { sizeBytes: 1 << 20, depth: 1, itemCount: 32 })
  return (content as ReadonlyMap<string, Uint8Array>).get("pl")!
}

/**
 * Alice lacks "lost" of Bob, whose messages do not reach her any more, and has just asked Mallory for it. Mallory has every text as it
 * was sealed.
 */
function asked(limits: GroupLimits = {}) {
  const world = new World(suite0001)
  const [alice] = world.group(1)
  const bob = world.device({ limits })
  const mallory = new Outlaw(suite0001, 77, world.clock.nowMs)
  alice.send({ kind: "invite", keyPackages: [mallory.keyPackage()] })
  world.settle()
  alice.send({ kind: "invite", keyPackages: [bob.keyPackage()] })
  world.settle()
  const inbox = world.service.inbox(mallory.inboxKey)
  mallory.join(nth(inbox))
  mallory.follow(nth(inbox, 1))
  const [lost, read] = ["lost", "read"].map((text) => envelopeOf(bob.text(text))) as [Uint8Array, Uint8Array]
  alice.receive(read)
  world.clock.nowMs += MINUTE_MS
  // Bob is asked first, and does not answer.
  alice.tick()
  world.clock.nowMs += MINUTE_MS
  const ask = nth(alice.tick().outgoing)
  const { requestId, args } = decodeControl(opened(mallory, nth(ask.deliveries).envelope), 1000)
  alice.events.length = 0
  return { world, alice, bob, mallory, lost, read, requestId, ask: decodeAsk(args)! }
}

let sequence = 100

function controlOf(
  mallory: Outlaw,
  message: { readonly opcode: number; readonly requestId: number; readonly args: Uint8Array },
): Uint8Array {
  const senderId = mallory.group.ownLeafIndex
  const content = { st: 0, sid: senderId * 100, fl: 11, seq: sequence++ }
  return envelopeWith(mallory, { content, message: encodeControl({ ...message, senderId, transitionId: 0 }) })
}

function answerOf(mallory: Outlaw, requestId: number, answer: Partial<RedeliveryAnswer> | Uint8Array): Uint8Array {
  const args = answer instanceof Uint8Array ? answer : encodeAnswer({ envelopes: [], givenUp: [], ...answer })
  return controlOf(mallory, { opcode: OPCODE_REDELIVERY_ANSWER, requestId, args })
}

const textOf = (...envelopes: Uint8Array[]): Partial<RedeliveryAnswer> => ({ envelopes })

const reasonOf = (device: Device, envelope: Uint8Array) =>
  device.receive(envelope).events.map((event) => (event.kind === "dropped" ? event.reason : event.kind))

type Asked = ReturnType<typeof asked>

/** The same text under another label, as its sender did not seal it. */
function relabelled(envelope: Uint8Array): Uint8Array {
  const received = receiveEnvelope(envelope)
  if (received.kind === "drop") throw new Error(received.reason)
  const log = { hash: new Uint8Array(32), signature: new Uint8Array(64) }
  return encodeEnvelope({ ...received.envelope, log })
}

const flipped = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 5, bytes.at(-5)! ^ 1)
const otherGroup = (envelope: Uint8Array): Uint8Array => {
  const received = receiveEnvelope(envelope)
  if (received.kind === "drop") throw new Error(received.reason)
  return encodeEnvelope({ ...received.envelope, groupId: toGroupId(new Uint8Array(16)) })
}
const otherEpoch = (envelope: Uint8Array): Uint8Array => {
  const received = receiveEnvelope(envelope)
  if (received.kind === "drop") throw new Error(received.reason)
  return encodeEnvelope({ ...received.envelope, epoch: received.envelope.epoch - 1n })
}

const LIES: readonly (readonly [
  title: string,
  reason: string,
  (at: Asked) => Partial<RedeliveryAnswer> | Uint8Array,
])[] = [
  ["a text with another byte in it", "decrypt_failed", ({ lost }) => textOf(flipped(lost))],
  ["the text under another label", "header_mismatch", ({ lost }) => textOf(relabelled(lost))],
  ["the text of another epoch", "answer_not_asked", ({ lost }) => textOf(otherEpoch(lost))],
  ["the text of another group", "answer_not_asked", ({ lost }) => textOf(otherGroup(lost))],
  ["a text that was read before", "replay_detected", ({ read }) => textOf(read)],
  ["bytes that are no envelope", "answer_malformed", () => textOf(new Uint8Array(100))],
  [
    "an answer inside an answer",
    "stream_not_spoken",
    ({ mallory, requestId, lost }) => {
      return textOf(answerOf(mallory, requestId, textOf(lost)))
    },
  ],
  ["that Bob gave his text up", "answer_not_theirs", () => ({ givenUp: [1] })],
  ["an answer that is none", "malformed_control", () => Uint8Array.of(9)],
  ["more texts than anybody may ask for", "malformed_control", ({ lost }) => textOf(...Array(33).fill(lost))],
  [
    "more numbers given up than anybody may ask for",
    "malformed_control",
    () => ({ givenUp: Array.from({ length: 33 }, (_, at) => at) }),
  ],
]

describe("a helper who lies", () => {
  it.each(LIES)("about %s is not believed, and keeps nobody else from helping: %s", (_title, reason, lie) => {
    const at = asked()
    const { alice, mallory, requestId, lost } = at
    expect(reasonOf(alice, answerOf(mallory, requestId, lie(at)))).toEqual([reason])
    expect(alice.shown()).toEqual([])
    expect(reasonOf(alice, lost)).toEqual(["gap_closed", "text"])
    expect(told(alice, "text")).toMatchObject([{ text: "lost", isLate: true }])
  })

  it("cannot have one text shown twice", () => {
    const { alice, mallory, requestId, lost } = asked()
    alice.receive(answerOf(mallory, requestId, textOf(lost)))
    expect(reasonOf(alice, answerOf(mallory, requestId, textOf(lost)))).toEqual(["answer_not_asked"])
    expect(reasonOf(alice, lost)).toEqual(["replay_detected"])
    expect(alice.shown()).toEqual(["lost"])
  })

  it("is heard once, and for no more texts than were asked for", () => {
    const { alice, mallory, requestId, lost } = asked()
    const lie = flipped(lost)
    expect(reasonOf(alice, answerOf(mallory, requestId, textOf(lie, lie)))).toEqual([
      "decrypt_failed",
      "answer_not_asked",
    ])
    expect(reasonOf(alice, answerOf(mallory, requestId, textOf(lost)))).toEqual(["answer_not_asked"])
  })

  it("is not heard without being asked, or for another request", () => {
    const { alice, mallory, requestId, lost } = asked()
    expect(reasonOf(alice, answerOf(mallory, (requestId ^ 1) >>> 0, textOf(lost)))).toEqual(["answer_not_asked"])
    alice.receive(answerOf(mallory, requestId, {}))
    expect(reasonOf(alice, answerOf(mallory, requestId, textOf(lost)))).toEqual(["answer_not_asked"])
    expect(reasonOf(alice, lost)).toContain("text")
  })

  it("who has nothing, or says nothing, is passed over; whoever did not answer has time", () => {
    const { world, alice, mallory, requestId } = asked()
    expect(reasonOf(alice, answerOf(mallory, requestId, {}))).toEqual([])
    world.clock.nowMs += MINUTE_MS
    expect(alice.tick().events).toEqual([])
    expect(alice.member.condition().missingTextCount).toBe(1)
    world.clock.nowMs += 3 * 86_400_000
    expect(alice.tick().events).toMatchObject([{ kind: "gap_closed", outcome: "nobody_has_it" }])
  })

  it("who was offline may answer days later, also after a restart", () => {
    const { world, alice, mallory, requestId, lost } = asked()
    for (let hours = 0; hours < 48; hours++) {
      world.clock.nowMs += 60 * MINUTE_MS
      alice.tick()
      alice.restart()
    }
    expect(reasonOf(alice, answerOf(mallory, requestId, textOf(lost)))).toEqual(["gap_closed", "text"])
  })
})

const request = (ask: RedeliveryAsk) => ({ opcode: OPCODE_REDELIVERY_ASK, requestId: 5, args: encodeAsk(ask) })

describe("a member who asks", () => {
  it("without end gets so many texts in an hour, and is then refused", () => {
    const { world, bob, mallory, ask } = asked({ redeliveredTexts: 5 })
    const answers = Array.from({ length: 8 }, () => bob.receive(controlOf(mallory, request(ask))))
    const sent = answers.filter(({ outgoing }) => outgoing.length > 0)
    expect(sent).toHaveLength(5)
    expect(answers.at(-1)!.events).toMatchObject([{ kind: "dropped", reason: "too_many_asks" }])
    world.clock.nowMs += 60 * MINUTE_MS
    expect(bob.receive(controlOf(mallory, request(ask))).outgoing).toHaveLength(1)
  })

  it("for a long text again and again gets so many bytes in an hour", () => {
    const { world, bob, mallory, ask } = asked({ controlsPerEpoch: 1000, keptTextBytes: 1 << 20 })
    bob.text("x".repeat(200_000))
    const long = { ...ask, from: 3, to: 3 }
    const outgoing = Array.from({ length: 64 }, () => bob.receive(controlOf(mallory, request(long))).outgoing)
    const sizes = outgoing.flat().flatMap(({ deliveries }) => deliveries.map(({ envelope }) => envelope.length))
    const sentBytes = sizes.reduce((sum, one) => sum + one, 0)
    expect(sentBytes).toBeGreaterThan(1_000_000)
    expect(sentBytes).toBeLessThan(1.5 * 1024 * 1024)
    bob.restart()
    expect(reasonOf(bob, controlOf(mallory, request(long)))).toEqual(["too_many_asks"])
    world.clock.nowMs += 60 * MINUTE_MS
    expect(bob.receive(controlOf(mallory, request(long))).outgoing).toHaveLength(1)
  })

  it("without end uses up no keys that others need for texts of whoever answers", () => {
    const { world, alice, bob, mallory, ask } = asked()
    const early = envelopeOf(bob.text("early"))
    for (let hour = 0; hour < 2; hour++) {
      for (let count = 0; count < 256; count++) bob.receive(controlOf(mallory, request(ask)))
      bob.restart()
      world.clock.nowMs += 60 * MINUTE_MS
    }
    expect(reasonOf(alice, envelopeOf(bob.text("after")))).toContain("text")
    expect(reasonOf(alice, early)).toContain("text")
    expect(reasonOf(bob, controlOf(mallory, request(ask)))).toEqual(["too_many_asks"])
  })

  it("without end leaves whoever answers enough to ask for what they miss themselves", () => {
    const { world, alice, bob, mallory, ask } = asked()
    alice.text("not for Bob")
    for (let count = 0; count < 70; count++) bob.receive(controlOf(mallory, request(ask)))
    bob.receive(envelopeOf(alice.text("for Bob")))
    world.clock.nowMs += MINUTE_MS
    expect(bob.tick().outgoing).toHaveLength(1)
  })

  it("for too much at once, or for nothing, is refused", () => {
    const { bob, mallory, ask } = asked()
    expect(reasonOf(bob, controlOf(mallory, request({ ...ask, to: 33 })))).toEqual(["malformed_control"])
    expect(reasonOf(bob, controlOf(mallory, request({ ...ask, from: 2 })))).toEqual(["malformed_control"])
    expect(reasonOf(bob, controlOf(mallory, { ...request(ask), opcode: 1 }))).toEqual(["opcode_not_spoken"])
  })

  it("gets what was sealed, which opens for those only who were in its epoch", () => {
    const { bob, mallory, ask } = asked()
    const { outgoing } = bob.receive(controlOf(mallory, request(ask)))
    expect(outgoing.map(({ deliveries }) => nth(deliveries).recipients)).toEqual([[mallory.inboxKey]])
  })
})
