import { decodeWhole, DecodeError, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { encodeSettings, readSettings } from "./group-settings.ts"
import type { GroupSettings } from "./group-settings.ts"

interface Former {
  /** The last epoch in which they held. */
  readonly lastEpoch: bigint
  readonly settings: GroupSettings
}

/**
 * Settings of past epochs: a late text is judged by what its author was allowed when it was written. Kept as long as texts of
 * that epoch can be read.
 */
export class FormerSettings {
  #former: Former[] = []

  add(former: Former): void {
    this.#former.push(former)
  }

  /** The settings of `epoch`, or `undefined` if they are still the present ones. */
  at(epoch: bigint): GroupSettings | undefined {
    return this.#former.find(({ lastEpoch }) => lastEpoch >= epoch)?.settings
  }

  /** Forgets what no readable text can need. */
  forgetBefore(oldestEpoch: bigint): void {
    this.#former = this.#former.filter(({ lastEpoch }) => lastEpoch >= oldestEpoch)
  }

  /** Writes a list of (last epoch u64 · settings<V>), oldest first. */
  write(writer: Writer): void {
    writer.list(this.#former, (inner, { lastEpoch, settings }) => {
      inner.uint64(lastEpoch).vector(encodeSettings(settings))
    })
  }

  /** @throws DecodeError */
  static read(reader: Reader): FormerSettings {
    const start = reader.offset
    const read = new FormerSettings()
    read.#former = readList(reader, (inner) => ({
      lastEpoch: inner.uint64(),
      settings: decodeWhole(inner.vector(), readSettings),
    }))
    const isAscending = read.#former.every((one, at) => at === 0 || read.#former[at - 1]!.lastEpoch < one.lastEpoch)
    if (!isAscending) throw new DecodeError("bad_value", start)
    return read
  }
}
