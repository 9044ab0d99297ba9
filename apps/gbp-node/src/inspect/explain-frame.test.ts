import { decodeAudioFrame, decodeFrame, decodeFrame1 } from "@qpc/gbp"
import { decodedOrUndefined, encodeCbor, fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { AUDIO_2, SEALED_2, TEXT_1 } from "../testing/frames.ts"
import { explainFrame } from "./explain-frame.ts"
import type { ExplainedFrame } from "./explained.ts"

const meanings = ({ fields }: ExplainedFrame): Record<string, string> =>
  Object.fromEntries(fields.map(({ key, meaning }) => [key, meaning]))
const values = ({ fields }: ExplainedFrame): Record<string, string> =>
  Object.fromEntries(fields.map(({ key, value }) => [key, value]))

describe("explaining a frame of gbp/1", () => {
  const frame = explainFrame(TEXT_1)

  it("names stream, member, flags and format", () => {
    expect(frame.kind).toBe("gbp/1")
    expect(meanings(frame)).toMatchObject({
      v: "gbp/1",
      st: "text stream",
      sid: "the text stream of member 2",
      fl: "ordered, reliable, ack requested",
      pf: "Protobuf",
    })
    expect(values(frame)).toMatchObject({ ep: "3", tid: "7", seq: "300", psz: "20" })
  })

  it("says where each field lies: together they are the frame", () => {
    const [first] = frame.fields
    expect(first?.offset).toBe(1)
    const ends = frame.fields.map(({ offset, lengthBytes }) => offset + lengthBytes)
    expect(ends).toEqual([...frame.fields.slice(1).map(({ offset }) => offset), TEXT_1.length])
  })

  it("warns that everybody on the way can change its header", () => {
    expect(frame.open).toHaveLength(11)
    expect(frame.open.at(-1)).toContain("can change all of this")
  })
})

describe("explaining a frame of gbp/2", () => {
  it("shows the MLS message that seals it, and that stream and sender are inside", () => {
    const frame = explainFrame(SEALED_2)
    expect(frame.kind).toBe("gbp/2")
    expect(frame.fault).toBeUndefined()
    expect(values(frame)).toMatchObject({ "pl.epoch": "3", "pl.group_id": "000102030405060708090a0b0c0d0e0f" })
    expect(meanings(frame)["pl.content_type"]).toBe("application")
    expect(frame.sealed.join()).toContain("stream, sender")
  })

  it("reads the SFrame header of audio", () => {
    const frame = explainFrame(AUDIO_2)
    expect(frame.kind).toBe("gbp/2 audio")
    expect(frame.fault).toBeUndefined()
    expect(meanings(frame)["pl.kid"]).toBe("leaf 2, context 0, epoch 65539")
    expect(values(frame)["pl.ctr"]).toBe("41")
  })
})

/** `SEALED_2` with one place rewritten. */
const changed = (frame: Uint8Array, from: string, to: string): Uint8Array => {
  const hex = toHex(frame)
  if (!hex.includes(from)) throw new Error(`no ${from} in the frame`)
  return fromHex(hex.replace(from, to))
}

describe("explaining what is not a frame", () => {
  it.each([
    { what: "nothing", bytes: new Uint8Array(0), offset: 0, reason: "the bytes end inside a value" },
    { what: "a number", bytes: Uint8Array.of(5), offset: 0, reason: "a frame is a CBOR map" },
    { what: "a cut frame", bytes: TEXT_1.subarray(0, 20), offset: 9, reason: "the bytes end" },
    {
      what: "bytes behind the frame",
      bytes: Uint8Array.of(...AUDIO_2, 0),
      offset: AUDIO_2.length,
      reason: "behind the end",
    },
    // 0x18 0x07 is 7 in two bytes.
    { what: "a long number", bytes: changed(TEXT_1, "6374696407", "637469641807"), offset: 33, reason: "longer than" },
    { what: "another version", bytes: changed(TEXT_1, "617601", "617609"), offset: 3, reason: "gbp/1 and gbp/2" },
    {
      what: "a text for a number",
      bytes: changed(TEXT_1, "6374696407", "637469646141"),
      offset: 33,
      reason: "tid is not an",
    },
    {
      what: "a short group id",
      bytes: encodeCbor(
        new Map([
          ["v", 1],
          ["gid", 7],
        ]),
      ),
      offset: 8,
      reason: "gid is not a byte",
    },
    {
      what: "a field too many",
      bytes: withField(SEALED_2, "zz"),
      offset: SEALED_2.length,
      reason: '"zz" does not belong',
    },
    {
      what: "another payload size",
      bytes: changed(TEXT_1, "6370737a14", "6370737a13"),
      offset: 59,
      reason: "psz says 19",
    },
    { what: "fields out of order", bytes: swapped(), offset: 4, reason: "gid (group id) has to be; it comes later" },
    {
      what: "a stream type of 0 outside",
      bytes: changed(AUDIO_2, "62737401", "62737400"),
      offset: 36,
      reason: "st is written",
    },
    { what: "no tag", bytes: audioWithoutTag(), offset: 46, reason: "too few for a tag" },
    {
      what: "another MLS message",
      bytes: changed(SEALED_2, "00010002", "00010003"),
      offset: 36,
      reason: "inside the MLS",
    },
  ])("names $what at byte $offset", ({ bytes, offset, reason }) => {
    const { fault } = explainFrame(bytes)
    expect(fault?.reason).toContain(reason)
    expect(fault?.offset).toBe(offset)
  })

  it("returns for any bytes at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const { fault } = explainFrame(bytes)
        expect(fault === undefined || (fault.offset >= 0 && fault.offset <= bytes.length)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it("finds a fault wherever the decoders of the stack do, and elsewhere only inside the payload", () => {
    const place = fc.record({ at: fc.nat(10_000), value: fc.nat(255), cut: fc.nat(400) })
    fc.assert(
      fc.property(fc.constantFrom(TEXT_1, SEALED_2, AUDIO_2), place, (frame, { at, value, cut }) => {
        const bytes = frame.slice(0, cut < 300 ? frame.length : frame.length - (cut % frame.length))
        if (bytes.length > 0) bytes[at % bytes.length] = value
        const { kind, fault, fields } = explainFrame(bytes)
        const isDecoded = decodes(bytes)
        if (isDecoded) expect(kind).toBeDefined()
        else expect(fault).toBeDefined()
        if (isDecoded && fault) expect(fault.reason).toMatch(/^(inside|psz says)/)
        if (!fault) expect(fields.length).toBeGreaterThan(3)
      }),
      { numRuns: 3_000 },
    )
  })
})

function decodes(bytes: Uint8Array): boolean {
  const decoded =
    decodedOrUndefined(() => decodeFrame1(bytes)) ??
    decodedOrUndefined(() => decodeFrame(bytes)) ??
    decodedOrUndefined(() => decodeAudioFrame(bytes))
  return decoded !== undefined
}

function withField(frame: Uint8Array, key: string): Uint8Array {
  return Uint8Array.of(frame[0]! + 1, ...frame.subarray(1), ...encodeCbor(key), 0)
}

function swapped(): Uint8Array {
  return encodeCbor(
    new Map<string, number | Uint8Array>([
      ["v", 2],
      ["ep", 3],
      ["gid", new Uint8Array(16)],
      ["pl", new Uint8Array(1)],
    ]),
  )
}

function audioWithoutTag(): Uint8Array {
  const frame = toHex(AUDIO_2)
  return fromHex(`${frame.slice(0, frame.indexOf("62706c"))}62706c49a802000329aabbccdd`)
}
