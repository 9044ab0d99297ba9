import {
  concatBytes,
  DecodeError,
  decodeWhole,
  encode,
  encodeCbor,
  equalBytes,
  fromHex,
  RecordLog,
  RecordReader,
  toGroupId,
  toHex,
} from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { EpochKeys, Membership, Opened } from "./epoch-keys.ts"
import { encodeContent, encodeFrame, frameAuthenticatedData } from "./profile-2.ts"
import { Receiver } from "./receive.ts"
import { Sender } from "./send.ts"
import type { FrameSurroundings, Payload } from "./send.ts"

const groupId = toGroupId(fromHex("000102030405060708090a0b0c0d0e0f"))
const membership: Membership = {
  memberIdOf: (leafIndex) => (leafIndex < 10 ? leafIndex : undefined),
  lastTransitionId: 0,
}
const hello: Payload = { streamType: "text", payload: Uint8Array.of(1, 2, 3) }

/** Seals by writing everything in the open behind a tag; opens whatever carries the tag and was sealed under what it is said to be. Counts what it opened. */
class OpenKeys implements EpochKeys {
  epoch = 5n
  oldestEpoch = 3n
  opened = 0
  readonly leafIndex: number

  constructor(leafIndex: number) {
    this.leafIndex = leafIndex
  }

  seal(plaintext: Uint8Array, authenticatedData: Uint8Array): Uint8Array {
    const written = encode((writer) => {
      writer.uint8(0x7a).uint32(this.leafIndex).uint64(this.epoch).vector(plaintext).vector(authenticatedData)
    })
    return concatBytes(written, Uint8Array.of(written.reduce((sum, byte) => (sum * 31 + byte) & 0xff, 0)))
  }

  open(sealed: Uint8Array, authenticatedData: Uint8Array): Opened {
    const body = sealed.subarray(0, -1)
    const tag = body.reduce((sum, byte) => (sum * 31 + byte) & 0xff, 0)
    if (body[0] !== 0x7a || sealed.at(-1) !== tag) return { kind: "rejected", reason: "decrypt_failed" }
    return decodeWhole(body, (reader) => {
      reader.uint8()
      const [senderLeafIndex, epoch, plaintext] = [reader.uint32(), reader.uint64(), reader.vector()]
      if (!equalBytes(reader.vector(), authenticatedData)) return { kind: "rejected", reason: "header_mismatch" }
      this.opened++
      return { kind: "opened", senderLeafIndex, epoch, plaintext }
    })
  }
}

const surroundings = (keys: EpochKeys, of: Membership = membership): FrameSurroundings => ({
  groupId,
  keys,
  membership: of,
})
const senderAt = (leafIndex: number, keys = new OpenKeys(leafIndex)) => new Sender(surroundings(keys), leafIndex)
const receiverAt = (keys = new OpenKeys(0)) => new Receiver(surroundings(keys))
const frameOf = (sender: Sender, payload: Payload = hello): Uint8Array => {
  const framed = sender.send(payload)
  if (framed.kind !== "frame") throw new Error(framed.reason)
  return framed.bytes
}
const header = { groupId, epoch: 5n }
/** What a member with the keys can send by hand. */
const forged = (content: Uint8Array, from = 1, under = header): Uint8Array =>
  encodeFrame(header, new OpenKeys(from).seal(content, frameAuthenticatedData(under)))
const content = (changes: Readonly<Record<string, CborValue>>): Uint8Array => {
  const fields: Record<string, CborValue> = { tid: 0, st: 2, sid: 101, fl: 7, seq: 1, pl: Uint8Array.of(9), ...changes }
  return encodeCbor(new Map(Object.entries(fields)))
}

describe("a frame", () => {
  it("is the outer map v, gid, ep, pl", () => {
    expect(toHex(encodeFrame({ groupId, epoch: 24n }, fromHex("aabb")))).toBe(
      "a46176026367696450000102030405060708090a0b0c0d0e0f626570181862706c42aabb",
    )
  })

  it("seals the map tid, st, sid, fl, seq, pf, pl and leaves pf out when it is 0", () => {
    const fields = { transitionId: 0, streamType: "text", streamId: 301, flags: 7, sequence: 1 } as const
    const plain = encodeContent({ ...fields, payloadFormat: 0, payload: Uint8Array.of(1) })
    expect(toHex(plain)).toBe("a66374696400627374026373696419012d62666c07637365710162706c4101")
    const protobuf = encodeContent({ ...fields, payloadFormat: 1, payload: Uint8Array.of(1) })
    expect(toHex(protobuf)).toBe("a76374696400627374026373696419012d62666c0763736571016270660162706c4101")
  })

  it("carries a payload with its authenticated sender, stream and number", () => {
    expect(receiverAt().receive(frameOf(senderAt(3)))).toMatchObject({
      kind: "payload",
      epoch: 5n,
      senderLeafIndex: 3,
      content: { streamType: "text", streamId: 301, flags: 7, sequence: 1, payloadFormat: 0, payload: hello.payload },
    })
  })
})

describe("receiving a frame", () => {
  it.each([
    ["malformed", new Uint8Array(0)],
    [
      "malformed",
      encodeCbor(
        new Map<string, CborValue>([
          ["v", 2],
          ["gid", groupId],
          ["ep", 5],
        ]),
      ),
    ],
    [
      "malformed",
      encodeCbor(
        new Map<string, CborValue>([
          ["v", 2],
          ["ep", 5],
          ["gid", groupId],
          ["pl", groupId],
        ]),
      ),
    ],
    [
      "unsupported_version",
      encodeCbor(
        new Map<string, CborValue>([
          ["v", 1],
          ["gid", groupId],
        ]),
      ),
    ],
    ["too_large", new Uint8Array(4 * 1024 * 1024)],
    ["unknown_group", encodeFrame({ groupId: toGroupId(new Uint8Array(16)), epoch: 5n }, hello.payload)],
    ["epoch_in_future", encodeFrame({ groupId, epoch: 6n }, hello.payload)],
    ["epoch_too_old", encodeFrame({ groupId, epoch: 2n }, hello.payload)],
    ["decrypt_failed", encodeFrame(header, hello.payload)],
    ["header_mismatch", forged(content({}), 1, { groupId, epoch: 4n })],
    ["malformed_content", forged(fromHex("a0"))],
    ["malformed_content", forged(content({ pf: 0 }))],
    ["malformed_content", forged(content({ extra: 0 }))],
    ["unknown_stream_type", forged(content({ st: 4 }))],
    ["unknown_stream_type", forged(content({ st: 40_000 }))],
    ["sender_mismatch", forged(content({ sid: 201 }))],
    ["sender_mismatch", forged(content({ sid: 100 }))],
    ["sender_mismatch", forged(content({}), 11)],
    ["flags_not_allowed", forged(content({ fl: 3 }))],
    ["flags_not_allowed", forged(content({ fl: 15 }))],
    ["flags_not_allowed", forged(content({ fl: 39 }))],
    ["transition_mismatch", forged(content({ fl: 23, tid: 1 }))],
    ["replay_detected", forged(content({ seq: 0 }))],
  ])("drops it as %s", (reason, bytes) => {
    expect(receiverAt().receive(bytes)).toEqual({ kind: "drop", reason })
  })

  it("takes a leaf's id from its frame only where the group lets it, and never another's", () => {
    const asked: unknown[] = []
    const naming: Membership = {
      memberIdOf: (leafIndex) => (leafIndex === 1 ? 1 : undefined),
      lastTransitionId: 0,
      mayTakeId: (...pair) => asked.push(pair) > 0 && pair[1] === 40,
    }
    const receiver = new Receiver(surroundings(new OpenKeys(0), naming))
    const received = [4001, 101, 4000].map((sid) => receiver.receive(forged(content({ sid }), 3)))
    const mismatch = { kind: "drop", reason: "sender_mismatch" }
    expect(received).toMatchObject([{ kind: "payload", senderLeafIndex: 3 }, mismatch, mismatch])
    expect(receiver.receive(forged(content({ sid: 4001 }), 1))).toEqual(mismatch)
    expect(asked).toEqual([
      [3, 40, 5n],
      [3, 1, 5n],
    ])
  })

  it("reads a frame of the oldest epoch whose keys are kept", () => {
    const keys = new OpenKeys(1)
    keys.epoch = 3n
    const sent = new Sender({ groupId, keys, membership }, 1).send(hello)
    expect(sent).toMatchObject({ kind: "frame", epoch: 3n })
    expect(receiverAt().receive(sent.kind === "frame" ? sent.bytes : new Uint8Array(0))).toMatchObject({ epoch: 3n })
  })

  it("reads a frame of an epoch that is prepared, where the keys say that there is one, and of none after", () => {
    const keys = new OpenKeys(1)
    keys.epoch = 6n
    const sent = new Sender({ groupId, keys, membership }, 1).send(hello)
    const bytes = sent.kind === "frame" ? sent.bytes : new Uint8Array(0)
    const ahead = Object.assign(new OpenKeys(0), { newestEpoch: 6n })
    expect(receiverAt(ahead).receive(bytes)).toMatchObject({ kind: "payload", epoch: 6n })
    const further = encodeFrame({ groupId, epoch: 7n }, hello.payload)
    expect(receiverAt(ahead).receive(further)).toEqual({ kind: "drop", reason: "epoch_in_future" })
  })

  it("numbers an epoch anew that took the place of one that was given up, and no other", () => {
    const [prepared, present] = [new OpenKeys(1), new OpenKeys(1)]
    prepared.epoch = 6n
    const receiver = receiverAt(Object.assign(new OpenKeys(0), { newestEpoch: 6n }))
    const [ahead, now] = [prepared, present].map((keys) => frameOf(new Sender(surroundings(keys), 1))) as [
      Uint8Array,
      Uint8Array,
    ]
    for (const bytes of [ahead, now]) expect(receiver.receive(bytes).kind).toBe("payload")
    receiver.forgetFrom(6n)
    expect(receiver.receive(ahead).kind).toBe("payload")
    expect(receiver.receive(now)).toEqual({ kind: "drop", reason: "replay_detected" })
  })

  it("asks who a leaf was in the epoch of the frame", () => {
    const asked: bigint[] = []
    const of: Membership = { memberIdOf: (leaf, epoch) => (asked.push(epoch), leaf), lastTransitionId: 0 }
    const keys = new OpenKeys(1)
    keys.epoch = 4n
    const late = frameOf(new Sender(surroundings(keys), 1))
    new Receiver(surroundings(new OpenKeys(0), of)).receive(late)
    expect(asked).toEqual([4n])
  })

  it("refuses a frame that was sealed in another epoch than it says", () => {
    const keys = new OpenKeys(1)
    keys.epoch = 4n
    const bytes = encodeFrame(header, keys.seal(content({}), frameAuthenticatedData(header)))
    expect(receiverAt().receive(bytes)).toEqual({ kind: "drop", reason: "header_mismatch" })
  })

  it("leaves a frame unopened whose label names another epoch", () => {
    const receiver = receiverAt()
    const bytes = frameOf(senderAt(1))
    expect(receiver.receive(bytes, { epoch: 4n })).toEqual({ kind: "drop", reason: "header_mismatch" })
    expect(receiver.receive(bytes, { epoch: 5n })).toMatchObject({ kind: "payload" })
  })

  it("takes a frame under the label that it was sealed with, and under no other", () => {
    const [context, other] = [Uint8Array.of(1), Uint8Array.of(2)]
    const sender = senderAt(1)
    const framed = sender.send({ streamType: "text", payload: Uint8Array.of(9), context })
    if (framed.kind !== "frame") return expect.unreachable()
    const keys = new OpenKeys(0)
    const under = (label?: Uint8Array) => receiverAt(keys).receive(framed.bytes, { epoch: 5n, context: label })
    for (const label of [undefined, other]) expect(under(label)).toEqual({ kind: "drop", reason: "header_mismatch" })
    expect(keys.opened).toBe(0)
    expect(under(context)).toMatchObject({ kind: "payload" })
    expect(receiverAt().receive(frameOf(sender), { epoch: 5n, context })).toMatchObject({ kind: "drop" })
  })

  it("delivers a frame once, and again in no order", () => {
    const [receiver, sender] = [receiverAt(), senderAt(1)]
    const [first, second, third] = [frameOf(sender), frameOf(sender), frameOf(sender)]
    for (const bytes of [third, first, second]) expect(receiver.receive(bytes).kind).toBe("payload")
    for (const bytes of [third, first, second]) {
      expect(receiver.receive(bytes)).toEqual({ kind: "drop", reason: "replay_detected" })
    }
  })

  it("counts the frames of each sender and stream apart", () => {
    const receiver = receiverAt()
    const sender = senderAt(1)
    for (const bytes of [frameOf(sender), frameOf(senderAt(2)), frameOf(sender, { ...hello, streamType: "signal" })]) {
      expect(receiver.receive(bytes)).toMatchObject({ kind: "payload", content: { sequence: 1 } })
    }
  })

  it("does not let a frame that is refused use up a number", () => {
    const receiver = receiverAt()
    expect(receiver.receive(forged(content({ fl: 3 })))).toMatchObject({ kind: "drop" })
    expect(receiver.receive(forged(content({ seq: 1 })))).toMatchObject({ kind: "payload" })
  })

  it("does not open a frame whose header it refuses", () => {
    const keys = new OpenKeys(0)
    receiverAt(keys).receive(encodeFrame({ groupId, epoch: 6n }, keys.seal(content({}), groupId)))
    expect(keys.opened).toBe(0)
  })

  it("still delivers late frames of an epoch whose keys it has, with numbers of their own", () => {
    const keys = new OpenKeys(0)
    const receiver = receiverAt(keys)
    const old = frameOf(senderAt(1))
    keys.epoch = 6n
    const newer = new OpenKeys(1)
    newer.epoch = 6n
    expect(receiver.receive(frameOf(senderAt(1, newer)))).toMatchObject({ kind: "payload", epoch: 6n })
    expect(receiver.receive(old)).toMatchObject({ kind: "payload", epoch: 5n, content: { sequence: 1 } })
    expect(receiver.receive(old)).toEqual({ kind: "drop", reason: "replay_detected" })
  })

  it("remembers after a restart what it delivered", () => {
    const keys = new OpenKeys(0)
    const receiver = receiverAt(keys)
    const sender = senderAt(1)
    const [first, second] = [frameOf(sender), frameOf(sender)]
    receiver.receive(second)
    const restarted = Receiver.fromBytes(receiver.toBytes(), surroundings(keys))
    expect(restarted.receive(second)).toEqual({ kind: "drop", reason: "replay_detected" })
    expect(restarted.receive(first)).toMatchObject({ kind: "payload" })
    expect(equalBytes(Receiver.fromBytes(restarted.toBytes(), surroundings(keys)).toBytes(), restarted.toBytes())).toBe(
      true,
    )
  })

  it("comes back from its records, of which a frame changes one", () => {
    const keys = new OpenKeys(0)
    const receiver = receiverAt(keys)
    const sender = senderAt(1)
    const changed: string[] = []
    const log = new RecordLog({ hash: () => new Uint8Array(16), isChecked: () => false, all: () => [] })
    log.take().stored()
    log.mark = (key) => void changed.push(key)
    receiver.attach(log)
    const [first, second] = [frameOf(sender), frameOf(sender)]
    receiver.receive(second)
    expect(changed).toHaveLength(1)
    const records = [...receiver.records()]
    const restarted = Receiver.fromRecords(new RecordReader(records), surroundings(keys))
    expect([...restarted.records()]).toEqual(records)
    expect(restarted.receive(second)).toEqual({ kind: "drop", reason: "replay_detected" })
    expect(restarted.receive(first)).toMatchObject({ kind: "payload" })
    for (const key of ["window/5/1/1", "window/0000000000000005/000000ff/00000001", `${records[0]?.key}/1`]) {
      const bad = new RecordReader([{ key, value: records[0]!.value }])
      expect(() => Receiver.fromRecords(bad, surroundings(keys))).toThrow(DecodeError)
    }
  })

  it("answers 100 000 random and mutated frames", () => {
    const receiver = receiverAt()
    const sample = frameOf(senderAt(1))
    const mutated = fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 30 })).map(([at, byte, cut]) => {
      const bytes = sample.slice(0, cut < 10 ? sample.length - cut : undefined)
      bytes[at % bytes.length] = byte
      return bytes
    })
    const inside = fc.uint8Array({ maxLength: 40 }).map((plaintext) => forged(plaintext))
    fc.assert(
      fc.property(fc.oneof(mutated, inside, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        expect(receiver.receive(bytes).kind).toMatch(/^(payload|drop)$/)
      }),
      { numRuns: 100_000 },
    )
  })
})

describe("sending a frame", () => {
  it("numbers each stream from 1, and again in a new epoch", () => {
    const keys = new OpenKeys(1)
    const sender = senderAt(1, keys)
    expect([sender.send(hello), sender.send(hello)]).toMatchObject([{ sequence: 1 }, { sequence: 2 }])
    expect(sender.send({ ...hello, streamType: "signal" })).toMatchObject({ sequence: 1 })
    keys.epoch = 6n
    expect(sender.send(hello)).toMatchObject({ sequence: 1, epoch: 6n })
  })

  it("continues its numbers after a restart", () => {
    const keys = new OpenKeys(1)
    const sender = senderAt(1, keys)
    sender.send(hello)
    const restarted = Sender.fromBytes(sender.toBytes(), surroundings(keys), 1)
    expect(restarted.send(hello)).toMatchObject({ sequence: 2 })
  })

  it("starts anew when it restarts in a later epoch, and refuses a state from the future", () => {
    const keys = new OpenKeys(1)
    const sender = senderAt(1, keys)
    sender.send(hello)
    const stored = sender.toBytes()
    keys.epoch = 6n
    expect(Sender.fromBytes(stored, surroundings(keys), 1).send(hello)).toMatchObject({ sequence: 1 })
    keys.epoch = 4n
    expect(() => Sender.fromBytes(stored, surroundings(keys), 1)).toThrow(
      expect.objectContaining({ code: "bad_value" }),
    )
  })

  it("refuses when the numbers of the epoch are used up", () => {
    const keys = new OpenKeys(1)
    const lastButOne = fromHex("0100000000000000050502fffffffe")
    const sender = Sender.fromBytes(lastButOne, surroundings(keys), 1)
    expect(sender.send(hello)).toMatchObject({ kind: "frame", sequence: 0xffff_ffff })
    expect(sender.send(hello)).toEqual({ kind: "refused", reason: "epoch_exhausted" })
    keys.epoch = 6n
    expect(sender.send(hello)).toMatchObject({ kind: "frame", sequence: 1 })
  })

  it("refuses what no relay would carry", () => {
    const huge = { ...hello, payload: new Uint8Array(4 * 1024 * 1024) }
    expect(senderAt(1).send(huge)).toEqual({ kind: "refused", reason: "too_large" })
  })
})
