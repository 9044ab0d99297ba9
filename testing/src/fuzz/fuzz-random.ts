/** Numbers for one input: the same for the same seed and index, whatever came before. For tests only. */
export class FuzzRandom {
  #state: number

  constructor(seed: number, index: number) {
    this.#state = mixed(mixed(seed) ^ mixed(index + 0x9e37_79b9))
  }

  /** 0 to `end` − 1; 0 for an `end` of 0. */
  below(end: number): number {
    return end === 0 ? 0 : this.#next() % end
  }

  bytes(lengthBytes: number): Uint8Array {
    return Uint8Array.from({ length: lengthBytes }, () => this.#next() & 0xff)
  }

  /** @throws RangeError for an empty list */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError("nothing to pick from")
    return list[this.below(list.length)] as T
  }

  /** Counts in steps and mixes each (Steele, Lea and Flood: SplitMix), in 32 bits. */
  #next(): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0
    return mixed(this.#state) >>> 0
  }
}

function mixed(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2_ae35)
  return twice ^ (twice >>> 16)
}
