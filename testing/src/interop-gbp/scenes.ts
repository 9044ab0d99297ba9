import { deepEqual, equal, rejects } from "node:assert/strict"
import {
  encodeAbort,
  encodeCoordinatorClaim,
  encodeDigestRequest,
  encodeErrorObject,
  errorObject,
  lookupError,
  OPCODES,
} from "@qpc/gbp"
import { SIGNAL_CODES } from "@qpc/gsp"
import type { Signal } from "@qpc/gsp"
import { fromHex, toHex, toUtf8 } from "@qpc/wire"
import { CODECS } from "./codecs.ts"
import { addThird, assertTogether, only, onlyControl, onlyRefused, pairOf, prepare, transition } from "./group.ts"
import type { Cast, Pair } from "./group.ts"
import type { StackMember } from "./stack-member.ts"

/** Something that two stacks do with each other; it fails by throwing. */
export interface Scene {
  readonly name: string
  readonly play: (cast: Cast) => Promise<void>
  /** One member sends on each stream, so that no key and nonce are used twice: the others cannot do without that in profile 1. */
  readonly isOneSided?: true
}

const NOTHING = new Uint8Array(0)
const SIGNALS: readonly Signal[] = [
  { type: "join" },
  { type: "role_change", target: 2, role: 1 },
  { type: "mute", target: 2 },
  { type: "unmute", target: 2 },
  { type: "stream_start", stream: "audio" },
  { type: "stream_stop", stream: "audio" },
  { type: "codec_update", codec: 100 },
  { type: "leave" },
]

/** All scenes, in the order in which they need each other's parts. */
export const SCENES: readonly Scene[] = [
  { name: "a group of two, with the same keys", play: async (cast) => void (await pairOf(cast)), isOneSided: true },
  { name: "text in three codecs, both ways", play: async (cast) => await bothWays(cast, exchangeTexts) },
  { name: "audio in three codecs, both ways", play: async (cast) => await bothWays(cast, exchangeAudio) },
  { name: "eight signals in three codecs, both ways", play: async (cast) => await bothWays(cast, exchangeSignals) },
  {
    name: "control messages of the other opcodes, both ways",
    play: async (cast) => await bothWays(cast, exchangeControl),
  },
  { name: "a frame is taken once", play: async (cast) => await bothWays(cast, repeatFrame) },
  { name: "SFrame, both ways", play: async (cast) => await bothWays(cast, exchangeSFrame), isOneSided: true },
  { name: "PREPARE, READY, EXECUTE: a third joins", play: thirdJoins },
  { name: "PREPARE, READY, EXECUTE: one leaves, and reads no more", play: oneLeaves },
  { name: "PREPARE, ABORT: nothing changed, and the next one works", play: abortAndRetry },
  { name: "export and restore, both of them", play: restartBoth },
]

type Exchange = (from: StackMember, to: StackMember) => Promise<void>

async function bothWays(cast: Cast, exchange: Exchange): Promise<void> {
  const { alice, bob } = await pairOf(cast)
  await exchange(alice, bob)
  await exchange(bob, alice)
}

async function exchangeTexts(from: StackMember, to: StackMember): Promise<void> {
  for (const [index, codec] of CODECS.entries()) {
    for (const [which, text] of ["hello", "Привет мир 🌍", "", "x".repeat(70_000)].entries()) {
      const messageId = BigInt(from.id * 100 + index * 10 + which) + 2n ** 63n
      const told = only(await to.receive(await from.text(messageId, text, codec)))
      assertText(told, { senderId: from.id, messageId: `${messageId}`, text })
    }
  }
}

function assertText(told: unknown, expected: { senderId: number; messageId: string; text: string }): void {
  const { senderId, messageId, text } = told as typeof expected
  deepEqual({ senderId, messageId, text }, expected)
}

async function exchangeAudio(from: StackMember, to: StackMember): Promise<void> {
  for (const [index, codec] of CODECS.entries()) {
    for (let count = 1; count <= 3; count++) {
      const [mediaSourceId, timestamp] = [from.id * 10 + index, BigInt((count - 1) * 960)]
      const opus = fromHex(`78aabb0${count}`)
      const told = only(await to.receive(await from.audio({ mediaSourceId, timestamp, opus }, codec)))
      if (told.kind !== "audio") throw new Error(JSON.stringify(told))
      deepEqual([told.mediaSourceId, told.timestamp, told.opus], [mediaSourceId, `${timestamp}`, toHex(opus)])
      equal(told.sequence, count)
    }
  }
}

async function exchangeSignals(from: StackMember, to: StackMember): Promise<void> {
  for (const [index, codec] of CODECS.entries()) {
    for (const [which, signal] of SIGNALS.entries()) {
      const requestId = from.id * 1000 + index * 100 + which
      const told = only(await to.receive(await from.signal(signal, requestId, codec)))
      if (told.kind !== "signal") throw new Error(JSON.stringify(told))
      const { signalType, senderId } = told
      deepEqual([signalType, senderId, told.requestId], [SIGNAL_CODES[signal.type], from.id, requestId])
    }
  }
}

/** Opcodes whose transition id is for information: they change nothing, and their arguments arrive as they were. */
async function exchangeControl(from: StackMember, to: StackMember): Promise<void> {
  const argsOf: readonly (readonly [number, Uint8Array])[] = [
    [OPCODES.GROUP_STATE_DIGEST_REQUEST, encodeDigestRequest({ sinceTransitionId: 1, sinceEpoch: 1n })],
    [OPCODES.GROUP_STATE_DIGEST_RESPONSE, fromHex("a0")],
    [OPCODES.REPORT_INVALID_COMMIT, fromHex("a0")],
    [OPCODES.CAPABILITIES_ADVERTISE, encodeCoordinatorClaim()],
    [OPCODES.ACK, NOTHING],
    [OPCODES.NACK, encodeErrorObject(errorObject(lookupError(0x0006)!))],
  ]
  for (const [opcode, args] of argsOf) {
    const message = { opcode, transitionId: 9, requestId: 0xffff_ffff, args }
    const told = onlyControl(await to.receive(await from.control(message)), opcode)
    deepEqual([told.senderId, told.requestId, told.args], [from.id, 0xffff_ffff, toHex(args)])
  }
}

async function repeatFrame(from: StackMember, to: StackMember): Promise<void> {
  const frame = await from.text(5n, "once", "cbor")
  equal(only(await to.receive(frame)).kind, "text")
  onlyRefused(await to.receive(frame))
}

/** Without metadata: with it, the published stack authenticates other bytes than RFC 9605 §4.4.3 (see `flaws.ts`). */
async function exchangeSFrame(from: StackMember, to: StackMember): Promise<void> {
  await from.sframeSession()
  await to.sframeSession()
  for (let count = 0; count < 300; count++) {
    const frame = await from.sframeSeal(toUtf8(`frame ${count}`), NOTHING)
    const opened = await to.sframeOpen(frame, NOTHING)
    deepEqual(opened, { plaintext: toUtf8(`frame ${count}`), leafIndex: from.id - 1 })
    await rejects(to.sframeOpen(frame, NOTHING))
  }
}

async function thirdJoins(cast: Cast): Promise<void> {
  const pair = await pairOf(cast)
  const carol = await addThird(pair, cast.third, 2)
  const members = [pair.alice, pair.bob, carol]
  await assertTogether(members, 2n, 2)
  await assertAllTalk(members)
}

async function assertAllTalk(members: readonly StackMember[]): Promise<void> {
  for (const from of members) {
    for (const to of members.filter((member) => member !== from)) {
      const messageId = BigInt(from.id * 10 + to.id)
      assertText(only(await to.receive(await from.text(messageId, "all", "cbor"))), {
        senderId: from.id,
        messageId: `${messageId}`,
        text: "all",
      })
    }
  }
}

async function oneLeaves(cast: Cast): Promise<void> {
  const { alice, bob } = await pairOf(cast)
  const carol = await addThird({ alice, bob }, cast.third, 2)
  // Leaves of a group are numbered in the order of their joining: the joiner's is 1.
  await transition({ alice, bob: carol }, 3, await alice.remove(1))
  await assertTogether([alice, carol], 3n, 3)
  await assertAllTalk([alice, carol])
  onlyRefused(await bob.receive(await alice.text(1n, "not for you", "cbor")))
}

async function abortAndRetry(cast: Cast): Promise<void> {
  const pair: Pair = await pairOf(cast)
  const { alice, bob } = pair
  const late = await cast.third.newMember(9)
  const { commit } = await alice.invite([await late.keyPackage()])
  await prepare(pair, 2, commit)
  const abort = { opcode: OPCODES.ABORT_TRANSITION, transitionId: 2, requestId: 8, args: encodeAbort(0x0011) }
  onlyControl(await bob.receive(await alice.control(abort)), OPCODES.ABORT_TRANSITION)
  await alice.clear()
  await bob.clear()
  await assertTogether([alice, bob], 1n, 1)
  const carol = await addThird(pair, cast.third, 3)
  await assertTogether([alice, bob, carol], 2n, 3)
  await assertAllTalk([alice, bob, carol])
}

async function restartBoth(cast: Cast): Promise<void> {
  const pair = await pairOf(cast)
  const { alice, bob } = pair
  await exchangeTexts(alice, bob)
  await alice.restart()
  await assertTogether([alice, bob], 1n, 1)
  assertText(only(await bob.receive(await alice.text(1n, "again", "cbor"))), {
    senderId: 1,
    messageId: "1",
    text: "again",
  })
  await bob.restart()
  assertText(only(await alice.receive(await bob.text(2n, "too", "cbor"))), { senderId: 2, messageId: "2", text: "too" })
  const carol = await addThird(pair, cast.third, 2)
  await assertTogether([alice, bob, carol], 2n, 2)
  await assertAllTalk([alice, bob, carol])
}
