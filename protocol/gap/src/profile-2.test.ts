import { sframeCiphers } from "@qpc/crypto/node"
import { audioFrameMetadata, decodeAudioFrame, encodeAudioFrame } from "@qpc/gbp"
import { decodeHeader, encodeHeader } from "@qpc/sframe"
import { fromHex, toGroupId } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { AudioKeys, SEAL_AFTER_MS } from "./audio-keys.ts"
import type { AudioKeysOptions } from "./audio-keys.ts"
import { FLATBUFFERS_AUDIO } from "./flatbuffers.ts"
import { CBOR_AUDIO, OPUS_MAX_BYTES } from "./payload.ts"
import { PROTOBUF_AUDIO } from "./protobuf.ts"
import { AudioFrameReceiver } from "./receive.ts"
import type { AudioFrameReceiverOptions } from "./receive.ts"
import { AudioSender, AudioSource } from "./send.ts"
import { mediaSourceIdOf } from "./source-id.ts"

const groupId = toGroupId(fromHex("000102030405060708090a0b0c0d0e0f"))
const opus = fromHex("78aabb")
/** Members of the group: leaf 0 is member 10, leaf 1 member 11, and so on. */
const LEAVES = 4
const memberIdOf = (leafIndex: number): number | undefined => (leafIndex < LEAVES ? 10 + leafIndex : undefined)
const withoutAlice = (leafIndex: number): number | undefined => (leafIndex === 0 ? undefined : memberIdOf(leafIndex))
const everySource = () => true
/** What the group exports; another for each epoch. */
const exportSecret = (_label: string, context: Uint8Array, lengthBytes: number): Uint8Array =>
  new Uint8Array(lengthBytes).fill(1 + context.at(-1)!)

interface Seat {
  readonly context?: bigint
  readonly limits?: NonNullable<AudioKeysOptions["limits"]>
}

function keysAt(leafIndex: number | undefined, { context = 0n, limits = {} }: Seat = {}): AudioKeys {
  const keys = new AudioKeys({ cipher: sframeCiphers.get(4)!, context, limits })
  enter(keys, leafIndex, 5n)
  return keys
}

function enter(keys: AudioKeys, ownLeafIndex: number | undefined, epoch: bigint, nowMs = 0): void {
  keys.enterEpoch({ epoch, exportSecret, ownLeafIndex, memberIdOf }, nowMs)
}

const sourceOf = (memberId: number, codec = CBOR_AUDIO): AudioSource =>
  new AudioSource({ mediaSourceId: mediaSourceIdOf(memberId, 0), codec })

function receiverOf(keys: AudioKeys, changes: Partial<AudioFrameReceiverOptions> = {}): AudioFrameReceiver {
  return new AudioFrameReceiver({ groupId, keys, maySpeak: () => true, ...changes })
}

function frameOf(keys: AudioKeys, source: AudioSource, packet = opus): Uint8Array {
  const framed = new AudioSender({ groupId, keys }).send(source, packet)
  if (framed.kind !== "frame") throw new Error(framed.reason)
  return framed.bytes
}

/** What a member with the keys can seal by hand, whatever its frame says of the epoch. */
function sealedBy(keys: AudioKeys, { payload, epoch }: { payload: Uint8Array; epoch: bigint }): Uint8Array {
  const header = { groupId, epoch, payloadFormat: 0 } as const
  return encodeAudioFrame(header, keys.seal(payload, audioFrameMetadata(header))!)
}

/** The same SFrame frame under another outer map. */
function reframed(bytes: Uint8Array, changes: Partial<ReturnType<typeof decodeAudioFrame>>): Uint8Array {
  const frame = { ...decodeAudioFrame(bytes), ...changes }
  return encodeAudioFrame(frame, frame.sframe)
}

describe("audio of profile 2", () => {
  it.each([CBOR_AUDIO, PROTOBUF_AUDIO, FLATBUFFERS_AUDIO])("crosses in payload format $format", (codec) => {
    const receiver = receiverOf(keysAt(1), { limits: { codecs: [codec] } })
    expect(receiver.receive(frameOf(keysAt(0), sourceOf(10, codec)), 0)).toEqual({
      kind: "audio",
      senderId: 10,
      epoch: 5n,
      counter: 0n,
      mediaSourceId: 1000,
      sequence: 0,
      timestamp: 0n,
      keyPhase: 5,
      opus,
    })
  })

  it("carries the longest packet in every format", () => {
    const longest = new Uint8Array(OPUS_MAX_BYTES).fill(7)
    const codecs = [CBOR_AUDIO, PROTOBUF_AUDIO, FLATBUFFERS_AUDIO]
    const receiver = receiverOf(keysAt(1), { limits: { codecs } })
    const alice = keysAt(0, { context: 0xffff_ffffn })
    const heard = codecs.map((codec) => receiver.receive(frameOf(alice, sourceOf(10, codec), longest), 0))
    expect(heard.map((one) => one.kind === "audio" && one.opus.length)).toEqual([1275, 1275, 1275])
  })

  it("counts the frames of all sources of a member together, whoever seals them", () => {
    const keys = keysAt(0)
    const camera = new AudioSource({ mediaSourceId: mediaSourceIdOf(10, 1) })
    const receiver = receiverOf(keysAt(1))
    const heard = [sourceOf(10), camera, sourceOf(10)].map((source) => receiver.receive(frameOf(keys, source), 0))
    expect(heard.map((one) => one.kind === "audio" && [one.counter, one.mediaSourceId])).toEqual([
      [0n, 1000],
      [1n, 1001],
      [2n, 1000],
    ])
  })

  it("has other keys under another context, so that counting anew after a restart repeats no nonce", () => {
    const kids = [1n, 2n].map((context) => {
      const frame = frameOf(keysAt(0, { context }), sourceOf(10))
      return decodeHeader(decodeAudioFrame(frame).sframe)
    })
    expect(kids.map(({ counter }) => counter)).toEqual([0n, 0n])
    expect(kids[0]!.kid).not.toBe(kids[1]!.kid)
  })

  it("stops at the limit of its key, until the epoch changes", () => {
    const keys = keysAt(0, { limits: { framesPerKey: 1n } })
    const sender = new AudioSender({ groupId, keys })
    expect(sender.send(sourceOf(10), opus).kind).toBe("frame")
    expect(sender.send(sourceOf(10), opus)).toEqual({ kind: "refused", reason: "epoch_exhausted" })
    enter(keys, 0, 6n)
    expect(sender.send(sourceOf(10), opus)).toMatchObject({ kind: "frame", epoch: 6n })
  })

  it("is sent by members only, and from sources of their own", () => {
    const sender = new AudioSender({ groupId, keys: keysAt(undefined) })
    expect(() => sender.send(sourceOf(10), opus)).toThrow(TypeError)
    const nowhere = new AudioKeys({ cipher: sframeCiphers.get(4)!, context: 0n })
    expect(() => new AudioSender({ groupId, keys: nowhere }).send(sourceOf(10), opus)).toThrow(TypeError)
    expect(() => frameOf(keysAt(0), sourceOf(11))).toThrow("source 1100 is not member 10's")
  })
})

describe("receiving audio of profile 2", () => {
  const frame = frameOf(keysAt(0), sourceOf(10))
  const outcome = (bytes: Uint8Array, changes: Partial<AudioFrameReceiverOptions> = {}, keys = keysAt(1)) =>
    receiverOf(keys, changes).receive(bytes, 0)
  const withoutTag = decodeAudioFrame(frame).sframe.slice(0, -1)

  it.each([
    ["too_large", 0x1002, new Uint8Array(1501)],
    ["malformed", 0x1002, new Uint8Array(0)],
    ["malformed", 0x1002, reframed(frame, { sframe: new Uint8Array(0) })],
    ["unknown_group", 0x0002, reframed(frame, { groupId: toGroupId(new Uint8Array(16)) })],
    ["epoch_in_future", 0x1006, reframed(frame, { epoch: 6n })],
    ["epoch_in_future", 0x1006, reframed(frame, { epoch: 5n + 65_536n })],
    ["epoch_stale", 0x1005, reframed(frame, { epoch: 4n })],
    ["auth_failed", 0x1003, reframed(frame, { payloadFormat: 1 })],
    ["auth_failed", 0x1003, reframed(frame, { sframe: withoutTag })],
  ])("drops %s as 0x%x", (reason, code, bytes) => {
    expect(outcome(bytes)).toEqual({ kind: "drop", reason, code })
  })

  it("tells a frame of another version from a broken one", () => {
    const other = frame.slice()
    other[3] = 3
    expect(outcome(other)).toMatchObject({ reason: "unsupported_version", code: 0x0001 })
  })

  it("takes a frame once, within 1024 of the newest", () => {
    const [alice, source] = [keysAt(0), sourceOf(10)]
    const frames = Array.from({ length: 1025 }, () => frameOf(alice, source))
    const receiver = receiverOf(keysAt(1))
    const reasonOf = (bytes: Uint8Array): string => {
      const heard = receiver.receive(bytes, 0)
      return heard.kind === "drop" ? heard.reason : heard.kind
    }
    expect(reasonOf(frames[1024]!)).toBe("audio")
    expect(reasonOf(frames[1]!)).toBe("audio")
    expect(reasonOf(frames[1]!)).toBe("replay_detected")
    expect(reasonOf(frames[0]!)).toBe("too_late")
    expect(receiver.receive(frames[0]!, 0)).toMatchObject({ code: 0x1004 })
  })

  it("drops what was changed in any one bit, and takes the frame itself after all of them", () => {
    const receiver = receiverOf(keysAt(1))
    for (let bit = 0; bit < 8 * frame.length; bit++) {
      const changed = frame.with(bit >> 3, frame[bit >> 3]! ^ (1 << (bit & 7)))
      expect(receiver.receive(changed, 0).kind).toBe("drop")
    }
    expect(receiver.receive(frame, 0).kind).toBe("audio")
  })

  it("returns for any bytes at all", () => {
    const receiver = receiverOf(keysAt(1))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (sframe) => {
        expect(receiver.receive(sframe, 0).kind).toBe("drop")
        expect(receiver.receive(reframed(frame, { sframe }), 0).kind).toBe("drop")
      }),
    )
  })

  it("drops our own frames, also those from before a restart", () => {
    const before = frameOf(keysAt(1, { context: 9n }), sourceOf(11))
    expect(outcome(before)).toMatchObject({ reason: "own_frame", code: 0x1004 })
    const keys = keysAt(1)
    expect(outcome(frameOf(keys, sourceOf(11)), {}, keys)).toMatchObject({ reason: "own_frame" })
  })

  it("drops what comes from a leaf where nobody is", () => {
    const keys = new AudioKeys({ cipher: sframeCiphers.get(4)!, context: 0n })
    keys.enterEpoch({ epoch: 5n, exportSecret, ownLeafIndex: 9, memberIdOf: () => 19 }, 0)
    expect(outcome(frameOf(keys, sourceOf(19)))).toMatchObject({ reason: "unknown_sender", code: 0x1001 })
  })

  it("drops a source that is another member's by its id, unless the group numbers its sources otherwise", () => {
    const framed = new AudioSender({ groupId, keys: keysAt(0), isSourceOf: everySource }).send(sourceOf(12), opus)
    if (framed.kind !== "frame") throw new Error(framed.reason)
    expect(outcome(framed.bytes)).toMatchObject({ reason: "source_mismatch", code: 0x1001 })
    expect(outcome(framed.bytes, { isSourceOf: everySource })).toMatchObject({
      kind: "audio",
      senderId: 10,
      mediaSourceId: 1200,
    })
  })

  it("drops what a muted member says, though it opens", () => {
    expect(outcome(frame, { maySpeak: (memberId) => memberId !== 10 })).toMatchObject({ reason: "not_allowed" })
  })

  it("drops a payload that names other keys than it came under", () => {
    const bytes = sealedBy(keysAt(0), { payload: sourceOf(10).frame(opus, 4n), epoch: 5n })
    expect(outcome(bytes)).toMatchObject({ reason: "key_phase_mismatch", code: 0x1006 })
  })

  it("drops a payload format that is not spoken", () => {
    const protobuf = frameOf(keysAt(0), sourceOf(10, PROTOBUF_AUDIO))
    expect(outcome(protobuf)).toMatchObject({ reason: "unsupported_payload_format", code: 0x1002 })
  })

  it("takes only so many streams of a member", () => {
    const receiver = receiverOf(keysAt(1, { limits: { contextsPerMember: 1 } }))
    const streams = [1n, 2n].map((context) => frameOf(keysAt(0, { context }), sourceOf(10)))
    expect(streams.map((one) => receiver.receive(one, 0))).toMatchObject([
      { kind: "audio" },
      { reason: "too_many_contexts", code: 0x1001 },
    ])
  })

  it("lets no forged frame use up a number", () => {
    const { sframe } = decodeAudioFrame(frame)
    const { kid, lengthBytes } = decodeHeader(sframe)
    const ahead = Uint8Array.of(...encodeHeader({ kid, counter: 2n ** 40n }), ...sframe.subarray(lengthBytes))
    const receiver = receiverOf(keysAt(1))
    expect(receiver.receive(reframed(frame, { sframe: ahead }), 0)).toMatchObject({ reason: "auth_failed" })
    expect(receiver.receive(frame, 0).kind).toBe("audio")
  })
})

describe("a change of epoch", () => {
  it("takes frames of the epoch before for ten seconds, and calls them stale from then on", () => {
    const [alice, bob, source] = [keysAt(0), keysAt(1), sourceOf(10)]
    const [first, second] = [frameOf(alice, source), frameOf(alice, source)]
    enter(alice, 0, 6n, 1000)
    enter(bob, 1, 6n, 1000)
    const receiver = receiverOf(bob)
    expect(receiver.receive(frameOf(alice, source), 1000)).toMatchObject({ kind: "audio", epoch: 6n, counter: 0n })
    expect(bob.wakeAtMs).toBe(11_000)
    expect(receiver.receive(first, 10_999)).toMatchObject({ kind: "audio", epoch: 5n })
    expect(receiver.receive(second, 11_000)).toEqual({ kind: "drop", reason: "epoch_stale", code: 0x1005 })
    expect(bob.wakeAtMs).toBeUndefined()
  })

  it("is never led by audio: a frame of an epoch to come changes nothing", () => {
    const [alice, bob] = [keysAt(0), keysAt(1)]
    enter(alice, 0, 6n)
    const receiver = receiverOf(bob)
    const ahead = frameOf(alice, sourceOf(10))
    expect(receiver.receive(ahead, 0)).toMatchObject({ reason: "epoch_in_future", code: 0x1006 })
    expect(bob.epoch).toBe(5n)
    enter(bob, 1, 6n)
    expect(receiver.receive(ahead, 0).kind).toBe("audio")
  })

  it("keeps the overlap when the epoch changes in each of its seconds", () => {
    const [alice, bob] = [keysAt(0), keysAt(1)]
    const first = frameOf(alice, sourceOf(10))
    for (let second = 1; second <= 10; second++) enter(bob, 1, 5n + BigInt(second), 1000 * second)
    expect(receiverOf(bob).receive(first, 10_500)).toMatchObject({ kind: "audio", epoch: 5n })
  })

  it("may be sealed in a little later, so that whoever is late loses nothing", () => {
    const [alice, bob, source] = [keysAt(0), keysAt(1), sourceOf(10)]
    alice.enterEpoch({ epoch: 6n, exportSecret, ownLeafIndex: 0, memberIdOf, sealAfterMs: SEAL_AFTER_MS }, 1000)
    expect([alice.epoch, alice.sealingEpoch, alice.wakeAtMs]).toEqual([6n, 5n, 1200])
    expect(receiverOf(bob).receive(frameOf(alice, source), 1100)).toMatchObject({
      kind: "audio",
      epoch: 5n,
      keyPhase: 5,
    })
    enter(bob, 1, 6n, 1100)
    expect(receiverOf(alice).receive(frameOf(bob, sourceOf(11)), 1100)).toMatchObject({ kind: "audio", epoch: 6n })
    alice.tick(1200)
    expect(receiverOf(bob).receive(frameOf(alice, source), 1200)).toMatchObject({
      kind: "audio",
      epoch: 6n,
      keyPhase: 6,
    })
  })

  it("ends for a member who was removed: nobody listens to them during the overlap", () => {
    const [alice, bob] = [keysAt(0), keysAt(1)]
    const late = frameOf(alice, sourceOf(10))
    bob.enterEpoch({ epoch: 6n, exportSecret, ownLeafIndex: 1, memberIdOf: withoutAlice }, 0)
    expect(receiverOf(bob).receive(late, 0)).toMatchObject({ reason: "unknown_sender", code: 0x1001 })
  })

  it("drops a frame whose sender says another epoch than that of its key", () => {
    const bob = keysAt(1)
    enter(bob, 1, 6n)
    const bytes = sealedBy(keysAt(0), { payload: sourceOf(10).frame(opus, 6n), epoch: 6n })
    expect(receiverOf(bob).receive(bytes, 0)).toMatchObject({ reason: "auth_failed", code: 0x1003 })
  })

  it("zeroes what was exported when the epoch is refused, and at the end", () => {
    const exported: Uint8Array[] = []
    const watched = (_label: string, _context: Uint8Array, lengthBytes: number): Uint8Array => {
      exported.push(new Uint8Array(lengthBytes).fill(7))
      return exported.at(-1)!
    }
    const keys = new AudioKeys({ cipher: sframeCiphers.get(4)!, context: 0n })
    keys.enterEpoch({ epoch: 5n, exportSecret: watched, ownLeafIndex: 0, memberIdOf }, 0)
    expect(() => keys.enterEpoch({ epoch: 5n, exportSecret: watched, ownLeafIndex: 0, memberIdOf }, 0)).toThrow(
      RangeError,
    )
    expect(exported.map((key) => key.every((byte) => byte === 0))).toEqual([false, true])
    keys[Symbol.dispose]()
    expect(exported.map((key) => key.every((byte) => byte === 0))).toEqual([true, true])
  })
})
