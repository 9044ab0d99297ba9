import { chacha20Poly1305Seal } from "@qpc/crypto/node"
import { OPCODES } from "@qpc/gbp"
import { decodeArgs, encodeArgs, SIGNAL_CODES } from "@qpc/gsp"
import type { Signal } from "@qpc/gsp"
import { fromHex, toHex } from "@qpc/wire"
import { formatOf, goldenProfile1, openingFailure, revived, sealingFailure } from "gbp-node/golden"
import { describe, expect, it } from "vitest"

const { messages, sealed } = goldenProfile1()

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

describe("the golden payloads of profile 1", () => {
  it.each(sealed)("$streamType is sealed so under $sequence", (example) => {
    expect(sealingFailure(example)).toBeUndefined()
  })

  it.each(sealed)("$streamType is opened so under $sequence", (example) => {
    expect(openingFailure(example)).toBeUndefined()
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
