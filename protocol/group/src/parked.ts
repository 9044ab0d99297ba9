import { decodeWhole, DecodeError, encode, equalBytes, readList, recordKey } from "@qpc/wire"
import type { Reader, RecordLog, RecordReader, StateRecord } from "@qpc/wire"

/** An envelope of an epoch that we have not reached. */
interface ParkedEnvelope {
  readonly epoch: bigint
  readonly sinceMs: number
  readonly bytes: Uint8Array
  /** Its number in the order of arrival. */
  readonly at: bigint
}

/** Bounds of what may wait. */
export interface ParkedLimits {
  readonly parkedEnvelopes: number
  readonly parkedBytes: number
  readonly parkedMs: number
}

/**
 * Envelopes that came before the commit that leads to their epoch. None of it is authenticated: whoever fills the place
 * only keeps other early envelopes out, and never for longer than the limit.
 */
export class Parked {
  readonly #limits: ParkedLimits
  #envelopes: ParkedEnvelope[] = []
  #log: RecordLog | undefined

  constructor(limits: ParkedLimits) {
    this.#limits = limits
  }

  /** Copies `bytes`. `false` if there is no room, or it waits already. */
  add(bytes: Uint8Array, epoch: bigint, nowMs: number): boolean {
    const { parkedEnvelopes, parkedBytes } = this.#limits
    const heldBytes = this.#envelopes.reduce((sum, held) => sum + held.bytes.length, 0)
    if (this.#envelopes.length >= parkedEnvelopes || heldBytes + bytes.length > parkedBytes) return false
    if (this.#envelopes.some((held) => equalBytes(held.bytes, bytes))) return false
    const at = (this.#envelopes.at(-1)?.at ?? -1n) + 1n
    const held = { epoch, sinceMs: nowMs, bytes: bytes.slice(), at }
    this.#envelopes.push(held)
    this.#log?.mark(parkedKey(held), () => parkedValue(held))
    return true
  }

  /** Takes out those whose epoch has come, in the order of their arrival. */
  takeUpTo(epoch: bigint): Uint8Array[] {
    return this.#take((held) => held.epoch <= epoch)
  }

  /** Takes out those that waited too long. */
  takeExpired(nowMs: number): Uint8Array[] {
    return this.#take((held) => nowMs - held.sinceMs >= this.#limits.parkedMs)
  }

  /** Takes out everything. */
  takeAll(): Uint8Array[] {
    return this.#take(() => true)
  }

  /** How much waits for each epoch, by epoch. */
  byEpoch(): readonly { readonly epoch: bigint; readonly count: number; readonly sizeBytes: number }[] {
    const epochs = new Set(this.#envelopes.map(({ epoch }) => epoch))
    return [...epochs]
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((epoch) => {
        const held = this.#envelopes.filter((one) => one.epoch === epoch)
        return { epoch, count: held.length, sizeBytes: held.reduce((sum, { bytes }) => sum + bytes.length, 0) }
      })
  }

  /** When the next one will have waited too long. */
  get expiresAtMs(): number | undefined {
    let earliestMs: number | undefined
    for (const { sinceMs } of this.#envelopes) earliestMs = Math.min(sinceMs, earliestMs ?? sinceMs)
    return earliestMs === undefined ? undefined : earliestMs + this.#limits.parkedMs
  }

  /** From now on every change is noted in this log. */
  attach(log: RecordLog): void {
    this.#log = log
  }

  /** A record for each envelope: epoch u64 · since u64 ms · envelope<V>, under its number in the order of arrival. */
  *records(): Generator<StateRecord> {
    for (const held of this.#envelopes) yield { key: parkedKey(held), value: parkedValue(held) }
  }

  /** Reads what {@link records} wrote. Copies. @throws DecodeError */
  static fromRecords(records: RecordReader, limits: ParkedLimits): Parked {
    const parked = new Parked(limits)
    parked.#envelopes = records.takeAll(PARKED).map(({ parts, value }) => {
      const [at, ...more] = parts
      if (typeof at !== "bigint" || more.length > 0) throw new DecodeError("bad_value", 0)
      return decodeWhole(value, (reader) => readParked(reader, at))
    })
    return parked
  }

  /** Reads a list of what a record holds, as versions 1 and 2 of the state had it. Copies. @throws DecodeError */
  static read(reader: Reader, limits: ParkedLimits): Parked {
    const parked = new Parked(limits)
    let at = 0n
    parked.#envelopes = readList(reader, (inner) => readParked(inner, at++))
    return parked
  }

  #take(isDue: (held: ParkedEnvelope) => boolean): Uint8Array[] {
    const due = this.#envelopes.filter(isDue)
    this.#envelopes = this.#envelopes.filter((held) => !isDue(held))
    for (const held of due) this.#log?.mark(parkedKey(held), () => undefined)
    return due.map((held) => held.bytes)
  }
}

const PARKED = "parked"

function parkedKey({ at }: ParkedEnvelope): string {
  return recordKey(PARKED, at)
}

function parkedValue({ epoch, sinceMs, bytes }: ParkedEnvelope): Uint8Array {
  return encode((writer) => writer.uint64(epoch).uint64(BigInt(sinceMs)).vector(bytes))
}

function readParked(reader: Reader, at: bigint): ParkedEnvelope {
  return { epoch: reader.uint64(), sinceMs: Number(reader.uint64()), bytes: reader.vector().slice(), at }
}
