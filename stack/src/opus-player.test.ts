import { FRAME_SAMPLES } from "@qpc/gap"
import { beforeAll, describe, expect, it } from "vitest"
import { OpusDecoder, OpusEncoder, OpusPlayer } from "./opus.ts"
import type { PlayableFrame } from "./opus.ts"

const FRAMES = 20
const frames: PlayableFrame[] = []

beforeAll(async () => {
  using encoder = await OpusEncoder.create()
  for (let at = 0; at < FRAMES; at++) {
    const tone = Float32Array.from({ length: FRAME_SAMPLES }, (_, sample) => 0.5 * Math.sin(0.05 * (960 * at + sample)))
    frames.push({ sequence: at, timestamp: BigInt(960 * at), opus: encoder.encode(tone)! })
  }
})

/** A player that all of `pushed` reached in time. */
async function playerOf(pushed: readonly PlayableFrame[]): Promise<OpusPlayer<PlayableFrame>> {
  const player = await OpusPlayer.create()
  for (const frame of pushed) player.push(frame, 0)
  return player
}

describe("a player", () => {
  it("plays each frame as a decoder does", async () => {
    using player = await playerOf(frames.slice(0, 5))
    using decoder = await OpusDecoder.create()
    for (const frame of frames.slice(0, 5)) {
      expect(player.turn()).toEqual({ kind: "frame", frame, pcm: decoder.decode(frame.opus) })
    }
  })

  it("makes a lost frame from the copy in the one behind it", async () => {
    using player = await playerOf(frames.filter((_, at) => at !== 2).slice(0, 5))
    using decoder = await OpusDecoder.create()
    for (const frame of frames.slice(0, 2)) expect(player.turn().pcm).toEqual(decoder.decode(frame.opus))
    expect(player.turn()).toEqual({ kind: "conceal", pcm: decoder.conceal(frames[3]!.opus) })
    expect(player.turn()).toEqual({ kind: "frame", frame: frames[3], pcm: decoder.decode(frames[3]!.opus) })
    expect(player.figures).toMatchObject({ played: 3, concealed: 1, recovered: 1, damaged: 0 })
  })

  it("guesses what comes before a longer loss, then is silent", async () => {
    using player = await playerOf(frames.slice(0, 2))
    const kinds = Array.from({ length: 9 }, () => player.turn().kind)
    expect(kinds).toEqual(["frame", "frame", ...Array.from({ length: 5 }, () => "conceal"), "silence", "silence"])
    expect(player.turn().pcm).toEqual(new Float32Array(FRAME_SAMPLES))
    expect(player.figures).toMatchObject({ concealed: 5, recovered: 0 })
  })

  it("conceals what cannot be played, and plays on", async () => {
    const nonsense = { ...frames[1]!, opus: Uint8Array.of(0x58, 1, 2, 3) }
    using player = await playerOf([frames[0]!, nonsense, frames[2]!])
    expect([1, 2, 3].map(() => player.turn().kind)).toEqual(["frame", "damaged", "frame"])
    expect(player.figures.damaged).toBe(1)
  })

  it("does not look for a copy in what cannot be played", async () => {
    const nonsense = { ...frames[2]!, opus: Uint8Array.of(0x58, 1, 2, 3) }
    using player = await playerOf([frames[0]!, nonsense, frames[3]!])
    expect([1, 2, 3, 4].map(() => player.turn().kind)).toEqual(["frame", "conceal", "damaged", "frame"])
    expect(player.figures).toMatchObject({ concealed: 1, recovered: 0, damaged: 1 })
  })

  it("plays to two channels", async () => {
    using player = await OpusPlayer.create<PlayableFrame>({ channels: 2, limits: { minDelayMs: 40 } })
    expect(player.delayMs).toBe(40)
    expect(player.turn().pcm).toHaveLength(2 * FRAME_SAMPLES)
  })
})
