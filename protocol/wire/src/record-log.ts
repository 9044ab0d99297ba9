import { toUtf8 } from "./bytes.ts"
import { Reader } from "./reader.ts"
import type { StateChange, StateRecord } from "./state-record.ts"
import { encode } from "./writer.ts"

/** The record that proves the others to belong together. */
export const CHECK_KEY = "check"

/** Bytes of a digest that count; enough against accidents. */
const DIGEST_BYTES = 16

/** What a state still owes to its store. */
export interface StateChanges {
  /** True if these are all records that there are: the store deletes whatever else it has of this state, with the same write. */
  readonly isWhole: boolean
  /** Owned, secrets included: zero the values once they are stored. */
  readonly changes: readonly StateChange[]
  /**
   * Call it once the changes are durable, all of them together. Until then they stay owed: the next taking has them again, as
   * they are by then. What changed after these were taken stays owed in any case. Store in the order of taking.
   */
  readonly stored: () => void
}

/** What a {@link RecordLog} has to know of the state that it belongs to. */
export interface RecordLogOptions {
  /** A cryptographic hash of 16 bytes or more. */
  readonly hash: (bytes: Uint8Array) => Uint8Array
  /** False for records that are proved in another way; they cost no memory here. */
  readonly isChecked: (key: string) => boolean
  /** All records there are, without the check and those that are watched. */
  readonly all: () => Iterable<StateRecord>
  /**
   * Small records whose changes nobody marks: each time they are compared with what was taken before. They are checked and
   * never deleted. Default: none.
   */
  readonly watched?: () => Iterable<StateRecord>
}

interface Mark {
  readonly serial: number
  /** The record's value at the time of asking. */
  readonly read: () => Uint8Array | undefined
}

/**
 * Remembers which records of a state differ from those that are stored.
 *
 * Beside them it keeps one record of its own, the check: the digests of all records that must be of the same time, joined by
 * XOR, so that a change costs two digests however many there are. A record that was lost, rolled back or swapped by a broken
 * store or disk is noticed; whoever can write into the store on purpose has the keys anyway.
 */
export class RecordLog {
  readonly #options: RecordLogOptions
  readonly #marks = new Map<string, Mark>()
  readonly #digests = new Map<string, bigint>()
  #sum = 0n
  #serial = 0
  /** `new`: nobody has taken anything yet, and nothing is remembered for those who never will. */
  #phase: "new" | "whole" | "following" = "new"

  constructor(options: RecordLogOptions) {
    this.#options = options
  }

  /**
   * The state was made of exactly these stored records: nothing is owed.
   *
   * @returns false if the check says that they do not belong together
   */
  follow(records: Iterable<StateRecord>): boolean {
    let check: Uint8Array | undefined
    for (const { key, value } of records) {
      if (key === CHECK_KEY) check = value
      else this.#digest(key, value)
    }
    this.#phase = "following"
    return check?.length === DIGEST_BYTES && toNumber(check) === this.#sum
  }

  /** Nobody knows what is stored: everything is owed, as for a new state. */
  oweAll(): void {
    this.#phase = "new"
    this.#marks.clear()
    this.#digests.clear()
    this.#sum = 0n
  }

  /** The record has changed. `read` is asked for its value when changes are taken, `undefined` once it is gone. */
  mark(key: string, read: () => Uint8Array | undefined): void {
    if (this.#phase === "new") return
    this.#serial++
    this.#marks.set(key, { serial: this.#serial, read })
  }

  /** What is owed. Everything the first time, unless the state came from records. */
  take(): StateChanges {
    const isWhole = this.#phase !== "following"
    const changes: StateChange[] = isWhole ? this.#takeAll() : this.#takeMarked()
    if (changes.length > 0) changes.push({ key: CHECK_KEY, value: fromNumber(this.#sum) })
    const upTo = this.#serial
    const stored = (): void => {
      if (isWhole) this.#phase = "following"
      for (const [key, { serial }] of this.#marks) if (serial <= upTo) this.#marks.delete(key)
    }
    return { isWhole, changes, stored }
  }

  /** All records, with the check: for a snapshot. Nothing is owed more or less by it. */
  *snapshot(): Generator<StateRecord> {
    let sum = 0n
    for (const record of this.#allRecords()) {
      if (this.#options.isChecked(record.key)) sum ^= this.#digestOf(record.key, record.value)
      yield record
    }
    yield { key: CHECK_KEY, value: fromNumber(sum) }
  }

  *#allRecords(): Generator<StateRecord> {
    yield* this.#options.watched?.() ?? []
    yield* this.#options.all()
  }

  #takeAll(): StateChange[] {
    this.#phase = "whole"
    this.#digests.clear()
    this.#sum = 0n
    const records = [...this.#allRecords()]
    for (const { key, value } of records) this.#digest(key, value)
    return records
  }

  #takeMarked(): StateChange[] {
    for (const { key, value } of this.#options.watched?.() ?? []) {
      if (this.#digestOf(key, value) !== this.#digests.get(key)) this.mark(key, () => value)
    }
    return Array.from(this.#marks, ([key, { read }]) => {
      const value = read()
      this.#digest(key, value)
      return { key, value }
    })
  }

  #digest(key: string, value: Uint8Array | undefined): void {
    if (!this.#options.isChecked(key)) return
    const digest = value === undefined ? 0n : this.#digestOf(key, value)
    this.#sum ^= digest ^ (this.#digests.get(key) ?? 0n)
    if (value === undefined) this.#digests.delete(key)
    else this.#digests.set(key, digest)
  }

  #digestOf(key: string, value: Uint8Array): bigint {
    const input = encode((writer) => writer.vector(toUtf8(key)).vector(value))
    const digest = toNumber(this.#options.hash(input).subarray(0, DIGEST_BYTES))
    input.fill(0)
    return digest
  }
}

function toNumber(digest: Uint8Array): bigint {
  const reader = new Reader(digest)
  return (reader.uint64() << 64n) | reader.uint64()
}

function fromNumber(sum: bigint): Uint8Array {
  return encode((writer) => writer.uint64(sum >> 64n).uint64(sum & 0xffff_ffff_ffff_ffffn), DIGEST_BYTES)
}
