import { fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeAudio, encodeAudio, OPUS_MAX_BYTES } from "./payload.ts"
import type { AudioPayload } from "./payload.ts"
import { AudioReceiver } from "./receive.ts"
import { AudioSource } from "./send.ts"

const BOB = 2
const CAROL = 3
const EPOCH = 5n
const sample: AudioPayload = { mediaSourceId: 9, sequence: 258, timestamp: 960n, keyPhase: 5, opus: fromHex("78aabb") }
const everybody = () => true
const arrived = (changes: Partial<AudioPayload>, senderId = BOB) => ({
  senderId,
  epoch: EPOCH,
  payloadFormat: 0,
  payload: encodeAudio({ ...sample, ...changes }),
})

describe("an audio payload", () => {
  it("is the map msid, seq, ts, kp, opus", () => {
    expect(toHex(encodeAudio(sample))).toBe("a5646d73696409637365711901026274731903c0626b7005646f7075734378aabb")
    expect(decodeAudio(encodeAudio(sample))).toEqual(sample)
  })

  it("carries a time of 64 bits", () => {
    const late = { ...sample, timestamp: 2n ** 64n - 1n }
    expect(decodeAudio(encodeAudio(late))).toEqual(late)
  })
})

describe("receiving audio", () => {
  it("delivers a payload with its sender", () => {
    expect(new AudioReceiver(everybody).receive(arrived({}))).toEqual({ kind: "audio", senderId: BOB, ...sample })
  })

  it.each([
    ["unsupported_payload_format", { ...arrived({}), payloadFormat: 3 }, 0x1002],
    ["malformed", { ...arrived({}), payload: fromHex("ff") }, 0x1002],
    ["malformed", arrived({ opus: new Uint8Array(0) }), 0x1002],
    ["malformed", arrived({ opus: new Uint8Array(OPUS_MAX_BYTES + 1) }), 0x1002],
    ["key_phase_mismatch", arrived({ keyPhase: 6 }), 0x1006],
    ["key_phase_mismatch", { ...arrived({}), epoch: EPOCH + 2n ** 31n }, 0x1006],
  ])("drops %s", (reason, bad, code) => {
    expect(new AudioReceiver(everybody).receive(bad)).toEqual({ kind: "drop", reason, code })
  })

  it("takes the longest packet, and an epoch beyond 32 bits by its low ones", () => {
    const long = arrived({ opus: new Uint8Array(OPUS_MAX_BYTES).fill(1) })
    expect(new AudioReceiver(everybody).receive({ ...long, epoch: EPOCH + 2n ** 32n }).kind).toBe("audio")
  })

  it("drops what a muted member says, from the next frame on", () => {
    const muted = new Set<number>()
    const receiver = new AudioReceiver((memberId) => !muted.has(memberId))
    expect(receiver.receive(arrived({})).kind).toBe("audio")
    muted.add(BOB)
    expect(receiver.receive(arrived({}))).toMatchObject({ reason: "not_allowed", code: 0x0008 })
    expect(receiver.receive(arrived({}, CAROL)).kind).toBe("audio")
  })

  it("knows so many sources of one member at a time, of which a new one replaces the one heard least recently", () => {
    const receiver = new AudioReceiver(everybody, { sourcesPerMember: 2 })
    const replacedBy = (mediaSourceId: number, from = BOB): unknown => {
      const received = receiver.receive(arrived({ mediaSourceId }, from))
      return received.kind === "audio" ? received.replaced : received.reason
    }
    expect([1, 2, 1, 3].map((id) => replacedBy(id))).toEqual([undefined, undefined, undefined, 2])
    expect([1, 2, 3].map((id) => replacedBy(id, CAROL))).toEqual([undefined, undefined, 1])
    receiver.forget(BOB)
    expect([2, 1].map((id) => replacedBy(id))).toEqual([undefined, undefined])
  })

  it("returns for any bytes at all", () => {
    const receiver = new AudioReceiver(everybody)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (payload) => {
        expect(["audio", "drop"]).toContain(receiver.receive({ ...arrived({}), payload }).kind)
      }),
    )
  })
})

describe("a source of audio", () => {
  it("counts its frames in 16 bits, and its time in samples", () => {
    const source = new AudioSource({ mediaSourceId: 9, sequence: 65_535, timestamp: 100n })
    const read = () => decodeAudio(source.frame(fromHex("78"), EPOCH))
    expect(read()).toMatchObject({ mediaSourceId: 9, sequence: 65_535, timestamp: 100n, keyPhase: 5 })
    expect(read()).toMatchObject({ sequence: 0, timestamp: 1060n })
    source.pause()
    expect(read()).toMatchObject({ sequence: 1, timestamp: 2980n })
  })

  it("refuses what is no packet, and counts nothing", () => {
    const source = new AudioSource({ mediaSourceId: 9 })
    expect(() => source.frame(new Uint8Array(0), EPOCH)).toThrow(RangeError)
    expect(() => source.frame(new Uint8Array(OPUS_MAX_BYTES + 1), EPOCH)).toThrow(RangeError)
    expect(decodeAudio(source.frame(fromHex("78"), EPOCH)).sequence).toBe(0)
  })
})
