import { SAMPLE_RATE } from "./wav.ts"
import type { Sound } from "./wav.ts"

/** Seconds of the sweep at the beginning. */
const SWEEP_SECONDS = 1
const [SWEEP_LOW_HZ, SWEEP_HIGH_HZ] = [100, 4000]
/** Three formants, as a vowel has them. */
const FORMANTS_HZ = [700, 1220, 2600]
const SYLLABLES_PER_SECOND = 4
/** After so many syllables the speaker takes breath for one. */
const SYLLABLES_PER_BREATH = 6

/** Sound for whoever has no file: a tone that rises for a second, then something like a voice, syllable by syllable. */
export function makeSound(seconds: number): Sound {
  const samples = Float32Array.from({ length: Math.round(seconds * SAMPLE_RATE) }, (_, at) => {
    const second = at / SAMPLE_RATE
    return second < SWEEP_SECONDS ? sweepAt(second) : voiceAt(second)
  })
  return { channels: 1, samples }
}

function sweepAt(second: number): number {
  const octaves = Math.log(SWEEP_HIGH_HZ / SWEEP_LOW_HZ)
  return 0.3 * Math.sin(((2 * Math.PI * SWEEP_LOW_HZ) / octaves) * (Math.exp(octaves * second) - 1))
}

function voiceAt(second: number): number {
  const syllable = Math.floor(second * SYLLABLES_PER_SECOND)
  if (syllable % (SYLLABLES_PER_BREATH + 1) === SYLLABLES_PER_BREATH) return 0
  const loudness = Math.sin(Math.PI * (second * SYLLABLES_PER_SECOND - syllable)) ** 2
  const pitch = 120 + 10 * (syllable % 5)
  const tones = FORMANTS_HZ.map((hz, at) => Math.sin(2 * Math.PI * Math.round(hz / pitch) * pitch * second) / (at + 2))
  return 0.3 * loudness * tones.reduce((sum, tone) => sum + tone, Math.sin(2 * Math.PI * pitch * second))
}
