import { DecodeError, equalBytes, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** An envelope that none of the epochs that we know can open. */
export interface WaitingEnvelope {
  /** As its label says; nobody vouches for it. */
  readonly epoch: bigint
  readonly sinceMs: number
  readonly bytes: Uint8Array
}

/** Bounds of what may wait. */
export interface WaitingLimits {
  readonly parkedEnvelopes: number
  readonly parkedBytes: number
  readonly parkedMs: number
}

/**
 * Envelopes of epochs that we have not reached, or of branches that we do not know: they are tried again whenever another
 * epoch of their number becomes known. None of it is authenticated: whoever fills the place only keeps other early envelopes out,
 * and never for longer than the limit.
 */
export class Waiting {
  readonly #limits: WaitingLimits
  #envelopes: WaitingEnvelope[] = []

  constructor(limits: WaitingLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#envelopes.length
  }

  /** True if something of this epoch waits. */
  has(epoch: bigint): boolean {
    return this.#envelopes.some((held) => held.epoch === epoch)
  }

  /** When the next one will have waited too long. */
  get expiresAtMs(): number | undefined {
    let earliestMs: number | undefined
    for (const { sinceMs } of this.#envelopes) earliestMs = Math.min(sinceMs, earliestMs ?? sinceMs)
    return earliestMs === undefined ? undefined : earliestMs + this.#limits.parkedMs
  }

  /** Copies. `false` if there is no room, or it waits already. */
  add({ epoch, sinceMs, bytes }: WaitingEnvelope): boolean {
    const { parkedEnvelopes, parkedBytes } = this.#limits
    const heldBytes = this.#envelopes.reduce((sum, held) => sum + held.bytes.length, 0)
    if (this.#envelopes.length >= parkedEnvelopes || heldBytes + bytes.length > parkedBytes) return false
    if (this.#envelopes.some((held) => equalBytes(held.bytes, bytes))) return false
    this.#envelopes.push({ epoch, sinceMs, bytes: bytes.slice() })
    return true
  }

  /** Takes out those of an epoch, in the order of their arrival. */
  takeOf(epoch: bigint): WaitingEnvelope[] {
    return this.#take((held) => held.epoch === epoch)
  }

  /** Takes out those that nobody needs any more: of passed epochs, or too long here. */
  takeStale(oldestEpoch: bigint, nowMs: number): WaitingEnvelope[] {
    return this.#take(({ epoch, sinceMs }) => epoch < oldestEpoch || nowMs - sinceMs >= this.#limits.parkedMs)
  }

  /** Takes out everything. */
  takeAll(): WaitingEnvelope[] {
    return this.#take(() => true)
  }

  /** Writes a list of epoch u64 · since u64 ms · envelope<V>, in the order of arrival. */
  write(writer: Writer): void {
    writer.list(this.#envelopes, (inner, { epoch, sinceMs, bytes }) => {
      inner.uint64(epoch).uint64(BigInt(sinceMs)).vector(bytes)
    })
  }

  /** Reads what {@link write} wrote. Copies. @throws DecodeError */
  static read(reader: Reader, limits: WaitingLimits): Waiting {
    const waiting = new Waiting(limits)
    waiting.#envelopes = readList(reader, (inner) => ({
      epoch: inner.uint64(),
      sinceMs: readMs(inner),
      bytes: inner.vector().slice(),
    }))
    return waiting
  }

  #take(isDue: (held: WaitingEnvelope) => boolean): WaitingEnvelope[] {
    const due = this.#envelopes.filter(isDue)
    this.#envelopes = this.#envelopes.filter((held) => !isDue(held))
    return due
  }
}

/** Reads a time u64 in milliseconds. @throws DecodeError `bad_value` beyond 2^53 - 1 */
export function readMs(reader: Reader): number {
  const start = reader.offset
  const ms = reader.uint64()
  if (ms > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError("bad_value", start)
  return Number(ms)
}
