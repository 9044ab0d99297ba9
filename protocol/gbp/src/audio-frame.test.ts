import { concatBytes, encodeCbor, fromHex, toGroupId, toHex } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  AUDIO_FRAME_MAX_BYTES,
  audioFrameMetadata,
  decodeAudioFrame,
  encodeAudioFrame,
  isAudioFrame,
} from "./audio-frame.ts"
import { encodeFrame } from "./profile-2.ts"

const groupId = toGroupId(fromHex("000102030405060708090a0b0c0d0e0f"))
const header = { groupId, epoch: 24n, payloadFormat: 0 } as const
const sframe = fromHex("aabb")
/** v, gid, ep and st of `header`. */
const start = "6176026367696450000102030405060708090a0b0c0d0e0f626570181862737401"
const refusal = (code: string) => expect.objectContaining({ name: "DecodeError", code })
const written = (changes: Readonly<Record<string, CborValue>>): Uint8Array =>
  encodeCbor(new Map(Object.entries({ v: 2, gid: groupId, ep: 24, st: 1, pl: sframe, ...changes })))
const mapOf = (...entries: readonly (readonly [string, CborValue])[]): Uint8Array => encodeCbor(new Map(entries))

describe("an audio frame of profile 2", () => {
  it("is the outer map v, gid, ep, st, pf, pl, and leaves pf out when it is 0", () => {
    expect(toHex(encodeAudioFrame(header, sframe))).toBe(`a5${start}62706c42aabb`)
    expect(toHex(encodeAudioFrame({ ...header, payloadFormat: 2 }, sframe))).toBe(`a6${start}6270660262706c42aabb`)
  })

  it("is authenticated as the same map without pl", () => {
    expect(toHex(audioFrameMetadata(header))).toBe(`a4${start}`)
    expect(toHex(audioFrameMetadata({ ...header, payloadFormat: 1 }))).toBe(`a5${start}62706601`)
  })

  it("reads back what it wrote", () => {
    const anyFrame = fc.record({
      groupId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toGroupId),
      epoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      payloadFormat: fc.constantFrom(0 as const, 1 as const, 2 as const),
      sframe: fc.uint8Array({ maxLength: 300 }),
    })
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const bytes = encodeAudioFrame(frame, frame.sframe)
        expect(decodeAudioFrame(bytes)).toEqual(frame)
        expect(isAudioFrame(bytes)).toBe(true)
      }),
    )
  })

  it("is told apart from a frame of another stream", () => {
    expect(isAudioFrame(encodeFrame(header, sframe))).toBe(false)
    expect(isAudioFrame(new Uint8Array(0))).toBe(false)
  })

  it.each([
    ["bad_value", "another stream type", written({ st: 2 })],
    ["bad_value", "no group id", mapOf(["v", 2], ["ep", 24], ["st", 1], ["pl", sframe])],
    ["bad_value", "a short group id", written({ gid: new Uint8Array(15) })],
    ["bad_value", "one field more", written({ x: 1 })],
    ["bad_value", "pf behind pl", written({ pf: 1 })],
    [
      "not_minimal",
      "pf written though it is 0",
      mapOf(["v", 2], ["gid", groupId], ["ep", 24], ["st", 1], ["pf", 0], ["pl", sframe]),
    ],
    [
      "reserved_value",
      "an unknown pf",
      mapOf(["v", 2], ["gid", groupId], ["ep", 24], ["st", 1], ["pf", 3], ["pl", sframe]),
    ],
    ["reserved_value", "another version", written({ v: 1 })],
    ["trailing_bytes", "a byte behind it", concatBytes(written({}), Uint8Array.of(0))],
    ["truncated", "nothing", new Uint8Array(0)],
    ["too_large", "more bytes than the limit", written({ pl: new Uint8Array(AUDIO_FRAME_MAX_BYTES) })],
  ])("is refused as %s: %s", (code, _, bytes) => {
    expect(() => decodeAudioFrame(bytes)).toThrow(refusal(code))
  })
})
