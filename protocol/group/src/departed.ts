import { DecodeError, equalBytes, IDENTITY_KEY_BYTES, readList, toIdentityKey } from "@qpc/wire"
import type { IdentityKey, Reader, Writer } from "@qpc/wire"

interface Departure {
  /** The last epoch they were a member of. */
  readonly lastEpoch: bigint
  readonly leafIndex: number
  readonly identityKey: IdentityKey
}

/**
 * Who stood at a leaf before somebody was removed there: a late text of a past epoch belongs to the member of that epoch,
 * whoever has the leaf today. Kept as long as texts of that epoch can be read.
 */
export class Departed {
  #departures: Departure[] = []

  add(departure: Departure): void {
    this.#departures.push(departure)
  }

  /** Who left `leafIndex` after `epoch`, or `undefined` if nobody did: then it is the present member. */
  at(leafIndex: number, epoch: bigint): IdentityKey | undefined {
    return this.#departures.find((one) => one.leafIndex === leafIndex && one.lastEpoch >= epoch)?.identityKey
  }

  /** True if this identity was removed at or after `epoch`. */
  has(identityKey: IdentityKey, epoch: bigint): boolean {
    return this.#departures.some((one) => one.lastEpoch >= epoch && equalBytes(one.identityKey, identityKey))
  }

  /** Forgets who left before `oldestEpoch`. */
  forgetBefore(oldestEpoch: bigint): void {
    this.#departures = this.#departures.filter((one) => one.lastEpoch >= oldestEpoch)
  }

  /** Writes a list of last epoch u64 · leaf index u32 · identity key, in the order of departure. */
  write(writer: Writer): void {
    writer.list(this.#departures, (inner, one) => {
      inner.uint64(one.lastEpoch).uint32(one.leafIndex).bytes(one.identityKey)
    })
  }

  /** @throws DecodeError */
  static read(reader: Reader): Departed {
    const departed = new Departed()
    let newest = 0n
    departed.#departures = readList(reader, (inner) => {
      const start = inner.offset
      const lastEpoch = inner.uint64()
      if (lastEpoch < newest) throw new DecodeError("bad_value", start)
      newest = lastEpoch
      const leafIndex = inner.uint32()
      return { lastEpoch, leafIndex, identityKey: toIdentityKey(inner.bytes(IDENTITY_KEY_BYTES).slice()) }
    })
    return departed
  }
}
