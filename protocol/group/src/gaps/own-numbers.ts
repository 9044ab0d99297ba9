import type { NumberRun, StreamNumbers } from "@qpc/gbp"
import { NUMBER_MAX } from "@qpc/gbp"
import { DecodeError, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/**
 * Epochs that a text names. Texts of older ones could not be opened any more (`GroupLimits.pastEpochs` is 3), so that naming them
 * would be of use to nobody but a newcomer.
 */
const RUNS = 4
/** Numbers given up that a text names, the newest: each text carries them. Whoever asks us for an older one is told then. */
const NAMED_VOIDS = 8

/** Of how many of our own texts something is remembered. */
export interface NumberLimits {
  readonly rememberedNumbers: number
}

/**
 * How we count our own texts: one number for each, going on from epoch to epoch and used once.
 *
 * A number is used up when its text is sealed and in the step's `outgoing`, not before: what could not be sealed leaves no gap. It is
 * stored with that step, so a restart goes on behind it. What was sealed and then given up is void, and the texts after it say so.
 */
export class OwnNumbers {
  readonly #since: bigint
  #last = 0
  #runs: readonly NumberRun[] = []
  #voids: readonly number[] = []

  /** @param since - The first epoch in which we count, ours and others' texts: nothing of before is missed. */
  constructor(since: bigint) {
    this.#since = since
  }

  get since(): bigint {
    return this.#since
  }

  /** True for a number that we gave up and still remember. */
  isVoid(number: number): boolean {
    return this.#voids.includes(number)
  }

  /** The number of our next text, if it is sealed in this epoch. `undefined` if it has none. Nothing changes. */
  next(epoch: bigint): StreamNumbers | undefined {
    if (epoch < this.#since || epoch > NUMBER_MAX || this.#last === NUMBER_MAX) return undefined
    const number = this.#last + 1
    const [newest] = this.#runs
    const runs = newest?.epoch === epoch ? this.#runs : [{ epoch, first: number }, ...this.#runs].slice(0, RUNS)
    return { number, since: this.#since, runs, voids: this.#voids.slice(-NAMED_VOIDS) }
  }

  /** A text has this number now; as {@link next} gave it. */
  use({ number, runs }: StreamNumbers): void {
    if (number !== this.#last + 1) throw new Error("unreachable: numbers are used one after the other")
    this.#last = number
    this.#runs = runs
  }

  /** The text of this number will never come. Of more than `rememberedNumbers` the highest are known. */
  giveUp(number: number, { rememberedNumbers }: NumberLimits): void {
    if (this.isVoid(number)) return
    const voids = [...this.#voids, number].toSorted((a, b) => a - b)
    this.#voids = voids.slice(Math.max(0, voids.length - rememberedNumbers))
  }

  /** Writes since u64 · last u32 · runs (list of epoch u64 · first u32) · voids (list of u32). */
  write(writer: Writer): void {
    writer.uint64(this.#since).uint32(this.#last)
    writer.list(this.#runs, (inner, { epoch, first }) => inner.uint64(epoch).uint32(first))
    writer.list(this.#voids, (inner, one) => inner.uint32(one))
  }

  /** @throws DecodeError */
  static read(reader: Reader): OwnNumbers {
    const numbers = new OwnNumbers(reader.uint64())
    numbers.#last = reader.uint32()
    numbers.#runs = readList(reader, (inner) => ({ epoch: inner.uint64(), first: inner.uint32() }))
    numbers.#voids = readList(reader, (inner) => inner.uint32())
    if (numbers.#runs.length > RUNS) throw new DecodeError("bad_value", reader.offset)
    return numbers
  }
}
