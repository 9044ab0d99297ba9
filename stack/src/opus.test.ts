import { FRAME_SAMPLES, OPUS_MAX_BYTES } from "@qpc/gap"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { OpusDecoder, OpusEncoder, toFloat32, toInt16 } from "./opus.ts"
import type { OpusEncoderOptions, OpusErrorCode } from "./opus.ts"

const SECOND = 50
const refusal = (code: OpusErrorCode) => expect.objectContaining({ name: "OpusError", code })

/** 20 ms that are something like a voice: a few tones that move, in syllables. */
function voice(frame: number, channels = 1): Float32Array {
  const pcm = new Float32Array(FRAME_SAMPLES * channels)
  for (let at = 0; at < pcm.length; at++) {
    const s = (frame * FRAME_SAMPLES + Math.floor(at / channels)) / 48_000
    const loudness = 0.4 * Math.max(0, Math.sin(2 * Math.PI * 3.3 * s)) ** 2
    const pitch = Math.sin(2 * Math.PI * (140 + 30 * Math.sin(5 * s)) * s)
    pcm[at] = loudness * (pitch + 0.5 * Math.sin(2 * Math.PI * 720 * s) + 0.3 * Math.sin(2 * Math.PI * 1240 * s))
  }
  return pcm
}

async function packetsOf(seconds: number, options: OpusEncoderOptions = {}): Promise<Uint8Array[]> {
  using encoder = await OpusEncoder.create(options)
  return Array.from({ length: seconds * SECOND }, (_, at) => encoder.encode(voice(at, encoder.channels))!)
}

function joined(frames: readonly Float32Array[]): Float32Array {
  return Float32Array.from(frames.flatMap((frame) => Array.from(frame)))
}

const silence = (): Float32Array => new Float32Array(FRAME_SAMPLES)
const energyOf = (pcm: Float32Array): number => pcm.reduce((sum, sample) => sum + sample ** 2, 0)
const lengthsOf = (packets: readonly Uint8Array[]): Set<number> => new Set(packets.map(({ length }) => length))

/** Energy of the difference, as a share of that of `sound`. */
function errorOf(heard: Float32Array, sound: Float32Array): number {
  return energyOf(sound.map((sample, at) => sample - heard[at]!)) / energyOf(sound)
}

/** Loses every fifth packet. Gives the error of what is made up for them, against what would have been heard. */
async function errorOfLost(options: OpusEncoderOptions, useNext: boolean): Promise<number> {
  const packets = await packetsOf(4, options)
  using whole = await OpusDecoder.create()
  using lossy = await OpusDecoder.create()
  const heard: Float32Array[] = []
  const sound: Float32Array[] = []
  for (const [at, packet] of packets.slice(0, -1).entries()) {
    const full = whole.decode(packet)
    if (at % 5 !== 4) lossy.decode(packet)
    else {
      heard.push(lossy.conceal(useNext ? packets[at + 1] : undefined))
      sound.push(full)
    }
  }
  return errorOf(joined(heard), joined(sound))
}

describe("Opus", () => {
  it("carries sound, later by what the encoder says", async () => {
    using encoder = await OpusEncoder.create({ content: "music", bitrate: 128_000 })
    using decoder = await OpusDecoder.create()
    const frames = Array.from({ length: SECOND }, (_, at) => voice(at))
    const heard = joined(frames.map((frame) => decoder.decode(encoder.encode(frame)!)))
    const lag = encoder.lookaheadSamples
    expect(lag).toBe(312)
    expect(errorOf(heard.subarray(lag), joined(frames).subarray(0, -lag))).toBeLessThan(0.05)
  })

  it("takes 16 bits and floats for the same sound, and keeps what floats say beyond 16 bits", async () => {
    using floats = await OpusEncoder.create()
    using shorts = await OpusEncoder.create()
    const pcm = toInt16(voice(5))
    expect(shorts.encode(pcm)).toEqual(floats.encode(toFloat32(pcm)))
    using quiet = await OpusEncoder.create({ content: "music", bitrate: 256_000 })
    using decoder = await OpusDecoder.create()
    const belowOneStep = voice(1).map((sample) => sample / 0x10000)
    const heard = [1, 2, 3].map(() => decoder.decode(quiet.encode(belowOneStep)!))
    expect(toInt16(belowOneStep).every((sample) => sample === 0)).toBe(true)
    expect(heard[2]!.some((sample) => sample !== 0 && Math.abs(sample) < 1 / 0x8000)).toBe(true)
  })

  it("plays one channel to two, and two to one", async () => {
    const [mono] = await packetsOf(1)
    const [stereo] = await packetsOf(1, { channels: 2 })
    using two = await OpusDecoder.create(2)
    using one = await OpusDecoder.create(1)
    expect(two.decode(mono!)).toHaveLength(2 * FRAME_SAMPLES)
    expect(one.decode(stereo!)).toHaveLength(FRAME_SAMPLES)
  })

  it("makes packets of one length, unless it may tell how much is in the sound", async () => {
    expect(lengthsOf(await packetsOf(1))).toEqual(new Set([120]))
    expect(lengthsOf(await packetsOf(1, { channels: 2, bitrate: 64_000 }))).toEqual(new Set([160]))
    expect(lengthsOf(await packetsOf(1, { vbr: true })).size).toBeGreaterThan(5)
  })

  it("leaves silence out when it is told to", async () => {
    using talking = await OpusEncoder.create()
    using pausing = await OpusEncoder.create({ dtx: true })
    const sent = (encoder: OpusEncoder, sound: (at: number) => Float32Array) =>
      Array.from({ length: SECOND }, (_, at) => encoder.encode(sound(at))).filter((packet) => packet !== undefined)
    expect(sent(talking, silence)).toHaveLength(SECOND)
    expect(sent(pausing, silence).length).toBeLessThan(SECOND / 2)
    expect(sent(pausing, voice).length).toBeGreaterThan(SECOND / 2)
  })
})

describe("a lost packet", () => {
  it("comes back from the one behind it, far nearer than a guess", async () => {
    expect(await errorOfLost({}, true)).toBeLessThan(0.3)
    expect(await errorOfLost({}, false)).toBeGreaterThan(0.6)
  })

  it("is guessed where its copy was not sent", async () => {
    expect(await errorOfLost({ fec: false }, true)).toBeGreaterThan(0.6)
  })

  it("fades when nothing comes any more", async () => {
    using decoder = await OpusDecoder.create()
    for (const packet of await packetsOf(1)) decoder.decode(packet)
    const made = Array.from({ length: SECOND }, () => energyOf(decoder.conceal()))
    expect(made.at(-1)!).toBeLessThan(1e-3)
  })

  it("is copied with more care where more is lost", async () => {
    using encoder = await OpusEncoder.create({ expectedLossPercent: 0 })
    using told = await OpusEncoder.create({ expectedLossPercent: 0 })
    told.expectLoss(25)
    const differs = Array.from({ length: SECOND }, (_, at) => [encoder.encode(voice(at))!, told.encode(voice(at))!])
    expect(differs.some(([a, b]) => a!.some((byte, at) => byte !== b![at]))).toBe(true)
    expect(() => told.expectLoss(101)).toThrow(RangeError)
  })
})

describe("what the codec refuses", () => {
  it.each([
    ["malformed_packet", "nothing", new Uint8Array(0)],
    ["malformed_packet", "a frame that is longer than the packet", Uint8Array.of(0x62, 250, 1, 2)],
    ["malformed_packet", "two frames of unequal halves", Uint8Array.of(0x61, 1, 2, 3, 4, 5)],
    ["too_large", "more than 1275 bytes", new Uint8Array(OPUS_MAX_BYTES + 1).fill(0x48)],
    ["wrong_duration", "60 ms", Uint8Array.of(0x58, 1, 2, 3)],
    ["wrong_duration", "2.5 ms", Uint8Array.of(0x80, 1, 2, 3)],
  ] as const)("%s: %s", async (code, _, packet) => {
    using decoder = await OpusDecoder.create()
    expect(() => decoder.decode(packet)).toThrow(refusal(code))
  })

  it("a packet, without a trace in the sound that follows", async () => {
    const packets = await packetsOf(1)
    using clean = await OpusDecoder.create()
    using disturbed = await OpusDecoder.create()
    for (const [at, packet] of packets.entries()) {
      if (at === 20) expect(() => disturbed.decode(Uint8Array.of(0x58, 1, 2, 3))).toThrow(refusal("wrong_duration"))
      if (at === 21)
        expect(() => disturbed.decode(Uint8Array.of(0x61, 1, 2, 3, 4, 5))).toThrow(refusal("malformed_packet"))
      expect(disturbed.decode(packet)).toEqual(clean.decode(packet))
    }
  })

  it("no bytes with anything but 20 ms of sound or an OpusError", async () => {
    using decoder = await OpusDecoder.create()
    const outcomeOf = (bytes: Uint8Array): string => {
      try {
        return `${decoder.decode(bytes).length}`
      } catch (error) {
        return (error as Error).name
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect([`${FRAME_SAMPLES}`, "OpusError"]).toContain(outcomeOf(bytes))
      }),
      { numRuns: 500 },
    )
  })

  it("another length than 20 ms, samples that are no numbers, and options out of range", async () => {
    using encoder = await OpusEncoder.create()
    expect(() => encoder.encode(new Float32Array(959))).toThrow("20 ms have 960 samples, not 959")
    expect(() => encoder.encode(new Float32Array(FRAME_SAMPLES).fill(Number.NaN))).toThrow("a sample is no number")
    for (const bitrate of [5999, 510_001, 48_000.5, Number.NaN]) {
      await expect(OpusEncoder.create({ bitrate })).rejects.toThrow(RangeError)
    }
    await expect(OpusEncoder.create({ complexity: 11 })).rejects.toThrow(RangeError)
  })

  it("work after it was disposed of", async () => {
    const encoder = await OpusEncoder.create()
    const decoder = await OpusDecoder.create()
    const packet = encoder.encode(voice(1))!
    encoder[Symbol.dispose]()
    decoder[Symbol.dispose]()
    decoder[Symbol.dispose]()
    expect(() => encoder.encode(voice(1))).toThrow(TypeError)
    expect(() => decoder.decode(packet)).toThrow(TypeError)
    expect(() => decoder.conceal()).toThrow(TypeError)
  })
})

describe("16 bits", () => {
  it("are rounded, cut off where it is too loud, and read back", () => {
    expect([...toInt16(Float32Array.of(0, 1, -1, 2, -2, 0.5, 1 / 0x8000))]).toEqual([
      0, 32_767, -32_768, 32_767, -32_768, 16_384, 1,
    ])
    expect([...toFloat32(Int16Array.of(0, -32_768, 16_384))]).toEqual([0, -1, 0.5])
  })
})
