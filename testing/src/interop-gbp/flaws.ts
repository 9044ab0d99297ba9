import { deepEqual } from "node:assert/strict"
import { chacha20Poly1305Seal } from "@qpc/crypto/node"
import { CBOR_AUDIO } from "@qpc/gap"
import {
  decodeFrame1,
  encodeControl,
  encodeFrame1,
  OPCODES,
  streamIdOf,
  streamTypeFromWire,
  streamTypeToWire,
} from "@qpc/gbp"
import type { Profile1Frame } from "@qpc/gbp"
import { CBOR_MESSAGES } from "@qpc/gtp"
import type { GtpMessage } from "@qpc/gtp"
import { encodeHeader, encodeMlsKid } from "@qpc/sframe"
import { concatBytes, encode, fromHex, fromUtf8, toGroupId, toHex, toUtf8 } from "@qpc/wire"
import { addThird, only, pairOf } from "./group.ts"
import type { NewPair } from "./group.ts"
import { ourStack } from "./our-stack.ts"
import type { Stack, StackMember, Told } from "./stack-member.ts"

/** Something that a stack should not do. `see` says whether it does. */
export interface Flaw {
  readonly name: string
  readonly see: (stack: Stack) => Promise<boolean>
  /** Nobody who understands the published stack can be without it; whoever is stricter may still be. */
  readonly isInTheBytes: boolean
  /** Honest members use a key and nonce twice when it is looked for. */
  readonly reusesNonce?: true
}

const NOTHING = new Uint8Array(0)
const both = async (stack: Stack): Promise<NewPair> => await pairOf({ creator: stack, joiner: stack, third: stack })
/** With a member of ours in it, who makes by hand what none of the stacks would send. */
const withInsider = async (stack: Stack): Promise<NewPair> =>
  await pairOf({ creator: stack, joiner: ourStack, third: stack })
const kinds = (told: readonly Told[]): readonly string[] => told.map(({ kind }) => kind)
const isTaken = (told: readonly Told[]): boolean => told.length > 0 && !kinds(told).includes("refused")
const becomes = (told: readonly Told[], state: string): boolean =>
  told.some((one) => one.kind === "state" && one.state === state)
const xor = (x: Uint8Array, y: Uint8Array): string => toHex(x.map((byte, at) => byte ^ y[at]!))
const rewritten = (frame: Uint8Array, changes: Partial<Profile1Frame>): Uint8Array =>
  encodeFrame1({ ...decodeFrame1(frame)!, ...changes })

/** Flaws of profile 1 that everybody on the way, or every member, can make use of. */
export const FLAWS: readonly Flaw[] = [
  { name: "two members seal under one key and nonce", see: keystreamReuse, isInTheBytes: true, reusesNonce: true },
  {
    name: "one member seals two frames under one key and nonce, after EXECUTE_TRANSITION",
    see: selfReuse,
    isInTheBytes: false,
  },
  { name: "a member writes in another's name", see: forgedSender, isInTheBytes: true },
  { name: "a frame with a rewritten stream id is taken again", see: replayByStreamId, isInTheBytes: true },
  { name: "a forged frame with a high number silences a sender", see: silencedSender, isInTheBytes: false },
  { name: "a frame that was overtaken is lost", see: overtakenFrame, isInTheBytes: false },
  { name: "a forged frame of another epoch makes a node resync", see: forgedEpoch, isInTheBytes: false },
  { name: "a forged frame of another version ends a node", see: forgedVersion, isInTheBytes: false },
  { name: "a forged frame of another group ends a node", see: forgedGroup, isInTheBytes: false },
  { name: "a byte behind a message is overlooked", see: trailingByte, isInTheBytes: false },
  { name: "a number may be written in more bytes than it needs", see: longNumber, isInTheBytes: false },
  { name: "flags above 255 become other flags, in Protobuf", see: truncatedFlags, isInTheBytes: false },
  { name: "a source's first frame is late if it is number 0", see: lateFirstFrame, isInTheBytes: false },
  {
    name: "SFrame metadata is authenticated before the header, not behind it",
    see: metadataFirst,
    isInTheBytes: false,
  },
]

/** Of the control plane and of signals: for stacks that have rules for these, and keep account of who is muted. */
export const NODE_FLAWS: readonly Flaw[] = [
  {
    name: "whoever sends EXECUTE_TRANSITION changes the epoch, ready or not",
    see: anybodyExecutes,
    isInTheBytes: true,
  },
  { name: "any digest at all ends a resync", see: anyDigest, isInTheBytes: false },
  { name: "a coordinator's claim is the bytes 00 F5 anywhere", see: claimAnywhere, isInTheBytes: false },
  { name: "MUTE mutes its sender", see: selfMute, isInTheBytes: false },
  {
    name: "a request id of one member uses up another's",
    see: sharedRequestIds,
    isInTheBytes: false,
    reusesNonce: true,
  },
]

const text = (changes: Partial<GtpMessage>): Uint8Array =>
  CBOR_MESSAGES.encode({
    messageId: 77n,
    senderId: 2,
    timestampMs: 0n,
    requestId: 0,
    flags: 1,
    contentType: 0,
    contentLength: 2,
    body: toUtf8("hi"),
    ...changes,
  })

/** A frame that a member makes by hand, with the key that all members have. */
async function insiderFrame(
  insider: StackMember,
  payload: Uint8Array,
  changes: Partial<Profile1Frame> = {},
): Promise<Uint8Array> {
  const { groupId, epoch, transitionId } = await insider.position()
  const frame = {
    groupId: toGroupId(fromHex(groupId)),
    epoch,
    transitionId,
    streamType: streamTypeToWire("text"),
    streamId: streamIdOf("text", insider.id),
    flags: 7,
    sequence: 50,
    payloadFormat: 0 as const,
    ...changes,
  }
  const label = `gbp/${streamTypeFromWire(frame.streamType)}`
  const nonce = encode((writer) => writer.uint32(frame.sequence).zeros(8), 12)
  const key = (await insider.exportSecret(label, NOTHING, 32))!
  const sealed = chacha20Poly1305Seal(key, nonce, NOTHING, payload)
  return encodeFrame1({ ...frame, sealed, payloadBytes: sealed.length })
}

async function keystreamReuse(stack: Stack): Promise<boolean> {
  const { alice, bob } = await both(stack)
  const [one, other] = [toUtf8("attack at dawn"), toUtf8("retreat at six")]
  // The body is the end of a message in CBOR; behind it is the tag.
  const bodyOf = (frame: Uint8Array): Uint8Array => decodeFrame1(frame)!.sealed.subarray(-16 - one.length, -16)
  const sealed = [await alice.text(1n, fromUtf8(one)!, "cbor"), await bob.text(1n, fromUtf8(other)!, "cbor")].map(
    bodyOf,
  )
  return xor(sealed[0]!, sealed[1]!) === xor(one, other)
}

/** EXECUTE_TRANSITION is under the keys of the next epoch, where numbers begin at 1 again. */
async function selfReuse(stack: Stack): Promise<boolean> {
  const { alice, execute } = await both(stack)
  const [executed, acknowledged] = [OPCODES.EXECUTE_TRANSITION, OPCODES.ACK].map((opcode) => ({
    opcode,
    transitionId: 1,
    requestId: 1,
    args: NOTHING,
  }))
  const plain = [executed!, acknowledged!].map((message) => encodeControl({ ...message, senderId: alice.id }))
  const sealed = [execute, await alice.control(acknowledged!)].map((frame) => decodeFrame1(frame)!.sealed)
  const [one, other] = sealed.map((bytes) => bytes.subarray(0, plain[0]!.length))
  return xor(one!, other!) === xor(plain[0]!, plain[1]!)
}

async function forgedSender(stack: Stack): Promise<boolean> {
  const { alice, bob } = await withInsider(stack)
  const told = only(await alice.receive(await insiderFrame(bob, text({ senderId: 3 }), { streamId: 301 })))
  return told.kind === "text" && told.senderId === 3
}

async function replayByStreamId(stack: Stack): Promise<boolean> {
  const { alice, bob } = await both(stack)
  const frame = await alice.control({ opcode: OPCODES.ACK, transitionId: 0, requestId: 1, args: NOTHING })
  const first = isTaken(await bob.receive(frame))
  return first && isTaken(await bob.receive(rewritten(frame, { streamId: 300 })))
}

async function silencedSender(stack: Stack): Promise<boolean> {
  const { alice, bob } = await both(stack)
  const frame = await alice.text(1n, "hello", "cbor")
  await bob.receive(rewritten(frame, { sequence: 0xffff_ffff }))
  return !isTaken(await bob.receive(frame))
}

async function overtakenFrame(stack: Stack): Promise<boolean> {
  const { alice, bob } = await both(stack)
  const [first, second] = [await alice.text(1n, "1", "cbor"), await alice.text(2n, "2", "cbor")]
  await bob.receive(second)
  return !isTaken(await bob.receive(first))
}

async function forgedEpoch(stack: Stack): Promise<boolean> {
  const { alice, bob } = await both(stack)
  const told = await bob.receive(rewritten(await alice.text(1n, "hello", "cbor"), { epoch: 99n }))
  return becomes(told, "RESYNCING")
}

async function forgedVersion(stack: Stack): Promise<boolean> {
  const { alice, bob } = await both(stack)
  const frame = await alice.text(1n, "hello", "cbor")
  // The fourth byte is the value of the first key, `v`.
  return becomes(await bob.receive(frame.with(3, 2)), "FAILED")
}

async function forgedGroup(stack: Stack): Promise<boolean> {
  const { alice, bob } = await both(stack)
  const changes = { groupId: toGroupId(new Uint8Array(16)) }
  return becomes(await bob.receive(rewritten(await alice.text(1n, "hello", "cbor"), changes)), "FAILED")
}

async function trailingByte(stack: Stack): Promise<boolean> {
  const { alice, bob } = await withInsider(stack)
  return isTaken(await alice.receive(await insiderFrame(bob, concatBytes(text({}), new Uint8Array(1)))))
}

async function longNumber(stack: Stack): Promise<boolean> {
  const { alice, bob } = await withInsider(stack)
  // "sid" 2 in two bytes.
  const payload = fromHex(toHex(text({})).replace("6373696402", "637369641802"))
  return isTaken(await alice.receive(await insiderFrame(bob, payload)))
}

async function truncatedFlags(stack: Stack): Promise<boolean> {
  const { alice, bob } = await withInsider(stack)
  // Message id 77, sender 2, flags 257, length 2, "hi".
  const payload = fromHex("084d1002288102380242026869")
  return isTaken(await alice.receive(await insiderFrame(bob, payload, { payloadFormat: 1 })))
}

async function lateFirstFrame(stack: Stack): Promise<boolean> {
  const { alice, bob } = await withInsider(stack)
  const audio = { mediaSourceId: 1, sequence: 0, timestamp: 0n, keyPhase: 1, opus: fromHex("78") }
  const stream = { streamType: streamTypeToWire("audio"), streamId: streamIdOf("audio", bob.id), flags: 1 }
  return !isTaken(await alice.receive(await insiderFrame(bob, CBOR_AUDIO.encode(audio), stream)))
}

/** Where metadata is the header itself, both orders are one; where it is anything else, only the right one opens. */
async function metadataFirst(stack: Stack): Promise<boolean> {
  const { alice, bob } = await pairOf({ creator: ourStack, joiner: stack, third: stack })
  await alice.sframeSession()
  await bob.sframeSession()
  const kid = encodeMlsKid({ context: 0n, leafIndex: 0, epochBits: 1 })
  const opened: boolean[] = []
  for (const metadata of [encodeHeader({ kid, counter: 0n }), toUtf8("metadata")]) {
    const frame = await alice.sframeSeal(toUtf8("hi"), metadata)
    opened.push(
      await bob.sframeOpen(frame, metadata).then(
        () => true,
        () => false,
      ),
    )
  }
  deepEqual(opened[0], true)
  return !opened[1]!
}

async function anybodyExecutes(stack: Stack): Promise<boolean> {
  const { alice, bob } = await both(stack)
  for (const opcode of [OPCODES.PREPARE_TRANSITION, OPCODES.EXECUTE_TRANSITION]) {
    await alice.receive(await bob.control({ opcode, transitionId: 2, requestId: 1, args: NOTHING }))
  }
  return (await alice.position()).epoch === 2n
}

async function anyDigest(stack: Stack): Promise<boolean> {
  const { alice, bob } = await both(stack)
  await bob.receive(rewritten(await alice.text(1n, "hello", "cbor"), { epoch: 99n }))
  const opcode = OPCODES.GROUP_STATE_DIGEST_RESPONSE
  return becomes(
    await bob.receive(await alice.control({ opcode, transitionId: 0, requestId: 1, args: NOTHING })),
    "ACTIVE",
  )
}

async function claimAnywhere(stack: Stack): Promise<boolean> {
  const { alice, bob } = await both(stack)
  const opcode = OPCODES.CAPABILITIES_ADVERTISE
  // The map {1: h'00F5'}: no claim, in any reading.
  const args = fromHex("a1014200f5")
  return kinds(await bob.receive(await alice.control({ opcode, transitionId: 0, requestId: 1, args }))).includes(
    "claim",
  )
}

async function selfMute(stack: Stack): Promise<boolean> {
  const { alice, bob } = await both(stack)
  const told = only(await alice.receive(await bob.signal({ type: "mute", target: 7 }, 1, "cbor")))
  return told.kind === "signal" && told.muted?.includes(bob.id) === true
}

async function sharedRequestIds(stack: Stack): Promise<boolean> {
  const pair = await both(stack)
  const carol = await addThird(pair, stack, 2)
  const first = await pair.alice.receive(await pair.bob.signal({ type: "join" }, 5, "cbor"))
  return isTaken(first) && !isTaken(await pair.alice.receive(await carol.signal({ type: "join" }, 5, "cbor")))
}
