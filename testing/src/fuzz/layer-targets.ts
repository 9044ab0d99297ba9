import { decodeEnvelope, encodeEnvelope, receiveEnvelope } from "@qpc/envelope"
import { decodeFrame, FRAME_MAX_BYTES, PROFILE_2, Receiver } from "@qpc/gbp"
import type { EpochKeys, FrameSurroundings, Opened } from "@qpc/gbp"
import { decodeMessage, encodeMessage, MessageReceiver } from "@qpc/gtp"
import {
  cborUint,
  decodeCbor,
  decodeVarint,
  decodeWhole,
  encodeCbor,
  encodeVarint,
  fromHex,
  toGroupId,
  toUtf8,
} from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import { decoderTarget } from "./target.ts"
import type { FuzzTarget } from "./target.ts"

const groupId = toGroupId(fromHex("000102030405060708090a0b0c0d0e0f"))
const EPOCH = 5n
const SENDER = 1

/** The layers below and above MLS. */
export function layerTargets(): FuzzTarget[] {
  return [...wireTargets(), envelopeTarget(), frameTarget(), contentTarget(), messageTarget(), textTarget()]
}

function wireTargets(): FuzzTarget[] {
  const values: CborValue[] = [
    new Map<string, CborValue>([
      ["id", 1],
      ["big", 2n ** 63n],
      ["list", [1, -2, "text", new Uint8Array(3), true, null]],
      ["map", new Map<number, CborValue>([[1, "one"]])],
    ]),
    [[[[]]]],
    "ä".repeat(40),
  ]
  const varints = [0, 63, 64, 16_383, 16_384, 2 ** 30 - 1].map(encodeVarint)
  return [
    decoderTarget("wire: CBOR", values.map(encodeCbor), (bytes) => encodeCbor(decodeCbor(bytes))),
    decoderTarget("wire: varint", varints, (bytes) => encodeVarint(decodeWhole(bytes, decodeVarint))),
  ]
}

function envelopeTarget(): FuzzTarget {
  const samples = (["application", "commit", "welcome", "proposal"] as const).map((kind) => {
    return encodeEnvelope({ kind, groupId, epoch: EPOCH, sealed: new Uint8Array(70) })
  })
  return decoderTarget("envelope", samples, (bytes) => {
    const received = receiveEnvelope(bytes)
    const decoded = decodeEnvelope(bytes) // Throws where the other drops.
    if (received.kind !== "envelope") throw new Error("one refuses what the other accepts")
    return encodeEnvelope(decoded)
  })
}

const frameOf = (epoch: bigint, sealed?: Uint8Array): Uint8Array => {
  const map = new Map<string, CborValue>([
    ["v", PROFILE_2],
    ["gid", groupId],
    ["ep", cborUint(epoch)],
  ])
  return encodeCbor(sealed === undefined ? map : map.set("pl", sealed))
}

const contentOf = (fields: Readonly<Record<string, CborValue>>): Uint8Array => {
  const content = { tid: 0, st: 2, sid: 100 + SENDER, fl: 7, seq: 1, ...fields, pl: Uint8Array.of(9) }
  return encodeCbor(new Map(Object.entries<CborValue>(content)))
}

/** Seals nothing and opens everything, so that what is inside of a seal is open to strangers, too. */
const openKeys: EpochKeys = {
  epoch: EPOCH,
  oldestEpoch: EPOCH - 2n,
  seal: (plaintext) => plaintext,
  open: (plaintext): Opened => ({ kind: "opened", senderLeafIndex: SENDER, epoch: EPOCH, plaintext }),
}
const surroundings: FrameSurroundings = {
  groupId,
  keys: openKeys,
  membership: { memberIdOf: (leafIndex) => (leafIndex < 10 ? leafIndex : undefined), lastTransitionId: 0 },
}

function frameTarget(): FuzzTarget {
  const samples = [
    frameOf(EPOCH, contentOf({})),
    frameOf(EPOCH - 1n, new Uint8Array(40)),
    frameOf(2n ** 63n, toUtf8("x")),
  ]
  return decoderTarget("GBP: frame", samples, (bytes) => {
    new Receiver(surroundings).receive(bytes)
    const { epoch, groupId: gid, sealed } = decodeFrame(bytes, { sizeBytes: FRAME_MAX_BYTES })
    return encodeCbor(
      new Map<string, CborValue>([
        ["v", PROFILE_2],
        ["gid", gid],
        ["ep", cborUint(epoch)],
        ["pl", sealed],
      ]),
    )
  })
}

function contentTarget(): FuzzTarget {
  const samples = [contentOf({}), contentOf({ pf: 1 }), contentOf({ st: 3, sid: 103 })]
  return {
    name: "GBP: content",
    samples,
    run: (input) => new Receiver(surroundings).receive(frameOf(EPOCH, input)).kind === "payload",
  }
}

const messages = [
  { messageId: 1n, flags: 4, contentType: 0, body: toUtf8("hi") },
  { messageId: 2n ** 64n - 1n, flags: 0, contentType: 2, body: new Uint8Array(300) },
].map((fields) => {
  return encodeMessage({ senderId: 7, timestampMs: 2n, requestId: 3, contentLength: fields.body.length, ...fields })
})

function messageTarget(): FuzzTarget {
  return decoderTarget("GTP: message", messages, (bytes) => encodeMessage(decodeMessage(bytes)))
}

function textTarget(): FuzzTarget {
  return {
    name: "GTP: receiver",
    samples: messages,
    run: (payload) => new MessageReceiver().receive({ senderId: 7, payloadFormat: 0, payload }).kind !== "drop",
  }
}
