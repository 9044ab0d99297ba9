import { DecodeError, DEVICE_KEY_BYTES, IDENTITY_KEY_BYTES, readList, toDeviceKey, toIdentityKey } from "@qpc/wire"
import type { IdentityKey, Reader, Writer } from "@qpc/wire"
import type { Device, Leaf } from "./roster.ts"

interface Departure extends Leaf {
  /** The last epoch they were a member of. */
  readonly lastEpoch: bigint
}

/**
 * Who stood at a leaf before it was removed: a late text of a past epoch belongs to the device of that epoch,
 * whoever has the leaf today. Kept as long as texts of that epoch can be read.
 */
export class Departed {
  #departures: Departure[] = []

  add(departure: Departure): void {
    this.#departures.push(departure)
  }

  /**
   * Who left `leafIndex` after `epoch`, or `undefined` if nobody did: then it is the present one.
   *
   * @param untilEpoch - Where leaves were given out anew later: the last epoch in which they were those of `epoch`.
   */
  at(leafIndex: number, epoch: bigint, untilEpoch?: bigint): Device | undefined {
    return this.#departures.find(
      ({ lastEpoch, ...one }) =>
        one.leafIndex === leafIndex && lastEpoch >= epoch && (untilEpoch === undefined || lastEpoch <= untilEpoch),
    )
  }

  /** Forgets who left before `oldestEpoch`. */
  forgetBefore(oldestEpoch: bigint): void {
    this.#departures = this.#departures.filter((one) => one.lastEpoch >= oldestEpoch)
  }

  /** Writes a list of last epoch u64 · leaf index u32 · identity key · device key, in the order of departure. */
  write(writer: Writer): void {
    writer.list(this.#departures, (inner, one) => {
      inner.uint64(one.lastEpoch).uint32(one.leafIndex).bytes(one.identityKey).bytes(one.deviceKey)
    })
  }

  /** @throws DecodeError */
  static read(reader: Reader): Departed {
    return Departed.#read(reader, (inner, identityKey) => {
      return { identityKey, deviceKey: toDeviceKey(inner.bytes(DEVICE_KEY_BYTES).slice()) }
    })
  }

  /** Reads what versions 1 to 3 of the state had: each person was one device. @throws DecodeError */
  static readV3(reader: Reader): Departed {
    return Departed.#read(reader, (_, identityKey) => ({ identityKey, deviceKey: toDeviceKey(identityKey) }))
  }

  static #read(reader: Reader, readDevice: (reader: Reader, identityKey: IdentityKey) => Device): Departed {
    const departed = new Departed()
    let newest = 0n
    departed.#departures = readList(reader, (inner) => {
      const start = inner.offset
      const lastEpoch = inner.uint64()
      if (lastEpoch < newest) throw new DecodeError("bad_value", start)
      newest = lastEpoch
      const leafIndex = inner.uint32()
      const identityKey = toIdentityKey(inner.bytes(IDENTITY_KEY_BYTES).slice())
      return { lastEpoch, leafIndex, ...readDevice(inner, identityKey) }
    })
    return departed
  }
}
