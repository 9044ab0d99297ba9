import type { Random } from "@qpc/wire"

/**
 * A source of repeatable chance: xoshiro128** (Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c). Not for
 * keys that anybody relies on.
 *
 * Draw each kind of decision from a {@link Prng.fork} of its own: a new draw in one place then leaves all others as they
 * were, and an old seed still shows what it showed.
 */
export class Prng {
  readonly #seed: bigint
  readonly #name: string
  readonly #state: Uint32Array

  /** @param seed - 64 bits */
  constructor(seed: bigint, name: string) {
    this.#seed = seed
    this.#name = name
    this.#state = expandSeed(seed, name)
  }

  /** Begins at a given state instead of a seed: for test vectors. */
  static fromState(state: readonly [number, number, number, number]): Prng {
    const prng = new Prng(0n, "")
    prng.#state.set(state)
    return prng
  }

  /** An independent stream with a name of its own. */
  fork(name: string): Prng {
    return new Prng(this.#seed, `${this.#name}/${name}`)
  }

  /** 0 to 2^32 − 1. */
  uint32(): number {
    const s = this.#state
    const [s0, s1, s2, s3] = [s[0]!, s[1]!, s[2]!, s[3]!]
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
    const [x2, x3] = [s2 ^ s0, s3 ^ s1]
    s[1] = s1 ^ x2
    s[0] = s0 ^ x3
    s[2] = x2 ^ (s1 << 9)
    s[3] = rotateLeft(x3, 11)
    return result
  }

  /** From 0 up to, not including, 1. */
  fraction(): number {
    return this.uint32() / 2 ** 32
  }

  /** An integer from `least` to `most`, both included. The bias is below 2^-20 for the small ranges used here. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1))
  }

  /** True with this probability. Draws once whatever the probability is. */
  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** One of `items`, of which there is at least one. */
  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)]!
  }

  /** All of `items` in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    const mixed = [...items]
    for (let last = mixed.length - 1; last > 0; last--) {
      const other = this.between(0, last)
      ;[mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!]
    }
    return mixed
  }

  /** A wait with this mean, as between events that know nothing of each other. */
  waitMs(meanMs: number): number {
    return -Math.log(1 - this.fraction()) * meanMs
  }

  /** The stream as bytes, for whoever asks for randomness. */
  readonly bytes: Random = (lengthBytes) => {
    const bytes = new Uint8Array(lengthBytes)
    for (let at = 0; at < lengthBytes; at += 4) {
      const word = this.uint32()
      for (let i = 0; i < 4 && at + i < lengthBytes; i++) bytes[at + i] = word >>> (8 * i)
    }
    return bytes
  }
}

const rotateLeft = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))

/** Four words that depend on every bit of seed and name; never all zero, where the generator would stand still. */
function expandSeed(seed: bigint, name: string): Uint32Array {
  let mixed = 0x9e3779b9
  const absorb = (word: number): void => {
    mixed = finalise(Math.imul(mixed ^ word, 0x85ebca6b) + 0x165667b1)
  }
  absorb(Number(seed & 0xffffffffn))
  absorb(Number((seed >> 32n) & 0xffffffffn))
  for (let i = 0; i < name.length; i++) absorb(name.charCodeAt(i))
  const state = new Uint32Array(4)
  for (let i = 0; i < 4; i++) {
    absorb(i)
    state[i] = mixed
  }
  if (state.every((word) => word === 0)) state[0] = 1
  return state
}

/** MurmurHash3's finaliser: every bit of the input changes half of the output. */
function finalise(word: number): number {
  let mixed = word ^ (word >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
