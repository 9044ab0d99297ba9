import type { Random } from "@qpc/wire"

/** Repeatable bytes for tests: SplitMix32 from a seed. Nothing about it is secret. */
export function seededRandom(seed: number): Random {
  const next = seededWords(seed)
  return (lengthBytes) => Uint8Array.from({ length: lengthBytes }, () => next() >>> 24)
}

/** Repeatable 32-bit numbers for tests. */
export function seededWords(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e37_79b9) >>> 0
    let word = Math.imul(state ^ (state >>> 16), 0x21f0_aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a_2d97)
    return (word ^ (word >>> 15)) >>> 0
  }
}
