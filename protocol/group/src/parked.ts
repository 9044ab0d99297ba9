import { equalBytes, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** An envelope of an epoch that we have not reached. */
interface ParkedEnvelope {
  readonly epoch: bigint
  readonly sinceMs: number
  readonly bytes: Uint8Array
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

  constructor(limits: ParkedLimits) {
    this.#limits = limits
  }

  /** Copies `bytes`. `false` if there is no room, or it waits already. */
  add(bytes: Uint8Array, epoch: bigint, nowMs: number): boolean {
    const { parkedEnvelopes, parkedBytes } = this.#limits
    const heldBytes = this.#envelopes.reduce((sum, held) => sum + held.bytes.length, 0)
    if (this.#envelopes.length >= parkedEnvelopes || heldBytes + bytes.length > parkedBytes) return false
    if (this.#envelopes.some((held) => equalBytes(held.bytes, bytes))) return false
    this.#envelopes.push({ epoch, sinceMs: nowMs, bytes: bytes.slice() })
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

  /** When the next one will have waited too long. */
  get expiresAtMs(): number | undefined {
    let earliestMs: number | undefined
    for (const { sinceMs } of this.#envelopes) earliestMs = Math.min(sinceMs, earliestMs ?? sinceMs)
    return earliestMs === undefined ? undefined : earliestMs + this.#limits.parkedMs
  }

  /** Writes a list of epoch u64 · since u64 ms · envelope<V>, in the order of arrival. */
  write(writer: Writer): void {
    writer.list(this.#envelopes, (inner, held) => {
      inner.uint64(held.epoch).uint64(BigInt(held.sinceMs)).vector(held.bytes)
    })
  }

  /** @throws DecodeError */
  static read(reader: Reader, limits: ParkedLimits): Parked {
    const parked = new Parked(limits)
    parked.#envelopes = readList(reader, (inner) => ({
      epoch: inner.uint64(),
      sinceMs: Number(inner.uint64()),
      bytes: inner.vector().slice(),
    }))
    return parked
  }

  #take(isDue: (held: ParkedEnvelope) => boolean): Uint8Array[] {
    const due = this.#envelopes.filter(isDue)
    this.#envelopes = this.#envelopes.filter((held) => !isDue(held))
    return due.map((held) => held.bytes)
  }
}
