import { chacha20Poly1305Open, chacha20Poly1305Seal } from "@qpc/crypto/node"
import { decodeFrame1, encodeFrame1, OPCODES, Profile1Endpoint } from "@qpc/gbp"
import { decodeArgs, encodeArgs, SIGNAL_CODES } from "@qpc/gsp"
import type { Signal } from "@qpc/gsp"
import { fromHex, toGroupId, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { formatOf } from "./formats.ts"
import { goldenProfile1, revived } from "./golden-file.ts"
import type { GoldenSealed } from "./golden-file.ts"

const { messages, sealed } = goldenProfile1()
const GROUP = toGroupId(fromHex("000102030405060708090a0b0c0d0e0f"))

describe("the golden messages of profile 1", () => {
  it.each(messages)("$codec $kind: $name is explained byte by byte", ({ hex, parts }) => {
    expect(parts.map(([bytes]) => bytes).join("")).toBe(hex)
    expect(parts.filter(([bytes, why]) => bytes === "" || why === "")).toEqual([])
  })

  it.each(messages.filter(({ isOtherLayout }) => isOtherLayout !== true))(
    "$codec $kind: $name is written so",
    ({ kind, codec, value, hex }) => {
      expect(toHex(formatOf(kind, codec).encode(revived(value) as never))).toBe(hex)
    },
  )

  it.each(messages.filter(({ kind }) => kind !== "signal_args"))(
    "$codec $kind: $name is read so",
    ({ kind, codec, value, hex }) => {
      expect(formatOf(kind, codec).decode(fromHex(hex))).toEqual(revived(value))
    },
  )

  it.each(messages.filter(({ kind }) => kind === "signal_args"))("$name is read so", ({ value, hex }) => {
    const signal = value as Signal
    expect(decodeArgs(signal.type, fromHex(hex))).toEqual(signal)
    expect(toHex(encodeArgs(signal))).toBe(hex)
  })

  it.each(Object.entries(OPCODES))("have %s as opcode %i", (name, opcode) => {
    expect(messages.find((one) => one.kind === "control" && one.name === name)?.value).toMatchObject({ opcode })
  })

  it.each(Object.entries(SIGNAL_CODES))("have %s as signal %i", (type, signalType) => {
    const name = type.toUpperCase()
    expect(messages.find((one) => one.kind === "signal" && one.name === name)?.value).toMatchObject({ signalType })
    expect(messages.find((one) => one.name === `what ${name} says`)?.value).toMatchObject({ type })
  })

  it.each([
    ["control", "cbor", 10],
    ["text", "cbor", 4],
    ["text", "protobuf", 3],
    ["text", "flatbuffers", 5],
    ["audio", "cbor", 3],
    ["audio", "protobuf", 3],
    ["audio", "flatbuffers", 3],
    ["signal", "cbor", 9],
    ["signal", "protobuf", 8],
    ["signal", "flatbuffers", 11],
    ["signal_args", "cbor", 8],
  ])("have %s in %s %i times", (kind, codec, count) => {
    expect(messages.filter((one) => one.kind === kind && one.codec === codec)).toHaveLength(count)
  })
})

/** An endpoint whose epoch exports the key of this example, and no other. */
function endpointWith({ label, key }: GoldenSealed, memberId: number): Profile1Endpoint {
  const endpoint = new Profile1Endpoint({
    groupId: GROUP,
    memberId,
    isMember: () => true,
    aead: { seal: chacha20Poly1305Seal, open: chacha20Poly1305Open },
  })
  const exportSecret = (asked: string, context: Uint8Array, lengthBytes: number): Uint8Array => {
    expect([asked, context.length, lengthBytes]).toEqual([label, 0, 32])
    return fromHex(key)
  }
  endpoint.enterEpoch({ epoch: 7n, transitionId: 3, exportSecret })
  return endpoint
}

describe("the golden payloads of profile 1", () => {
  it.each(sealed)("$streamType is sealed so under $sequence", (example) => {
    const sender = endpointWith(example, 2)
    sender.restoreSequences(new Map([[example.streamType, example.sequence - 1]]))
    const framed = sender.send({ streamType: example.streamType, payload: fromHex(example.plaintext) })
    if (framed.kind !== "frame") throw new Error(framed.reason)
    expect(decodeFrame1(framed.bytes)).toMatchObject({
      sequence: example.sequence,
      sealed: fromHex(example.sealed),
      payloadBytes: example.sealed.length / 2,
    })
  })

  it.each(sealed)("$streamType is opened so under $sequence", (example) => {
    const streamType = ["control", "audio", "text", "signal"].indexOf(example.streamType)
    const bytes = encodeFrame1({
      groupId: GROUP,
      epoch: 7n,
      transitionId: 3,
      streamType,
      streamId: [0, 2, 1, 3][streamType]! + 200,
      flags: 7,
      sequence: example.sequence,
      payloadBytes: example.sealed.length / 2,
      sealed: fromHex(example.sealed),
      payloadFormat: 0,
    })
    expect(endpointWith(example, 1).receive(bytes)).toMatchObject({
      kind: "payload",
      streamType: example.streamType,
      claimedMemberId: 2,
      plaintext: fromHex(example.plaintext),
    })
  })

  it.each(sealed)(
    "$streamType has its number and eight zeros as nonce",
    ({ sequence, nonce, key, plaintext, sealed: bytes }) => {
      expect(nonce).toBe(sequence.toString(16).padStart(8, "0") + "0000000000000000")
      expect(toHex(chacha20Poly1305Seal(fromHex(key), fromHex(nonce), new Uint8Array(0), fromHex(plaintext)))).toBe(
        bytes,
      )
    },
  )
})
