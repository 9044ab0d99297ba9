import { FRAME_SAMPLES } from "@qpc/gap"

const SAMPLE_RATE = 48_000

/** 20 ms of something like a voice; each speaker has a pitch of their own. */
export function voice(frame: number, speaker: number): Float32Array {
  const pitch = 110 + 30 * speaker
  return Float32Array.from({ length: FRAME_SAMPLES }, (_, at) => {
    const second = (frame * FRAME_SAMPLES + at) / SAMPLE_RATE
    const loudness = 0.3 * Math.sin(Math.PI * 4 * second) ** 2
    return loudness * (Math.sin(2 * Math.PI * pitch * second) + 0.5 * Math.sin(2 * Math.PI * 6 * pitch * second))
  })
}
