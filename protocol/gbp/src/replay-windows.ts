import { decodeWhole, DecodeError, encode, readList, recordKey } from "@qpc/wire"
import type { Reader, RecordLog, RecordReader, StateRecord, Writer } from "@qpc/wire"
import { ReplayWindow } from "./replay-window.ts"
import { streamTypeFromWire, streamTypeToWire } from "./stream.ts"
import type { StreamType } from "./stream.ts"

interface Stream {
  readonly epoch: bigint
  readonly streamType: StreamType
  readonly streamId: number
  readonly window: ReplayWindow
}

/**
 * One replay window per stream and readable epoch. Only frames that opened get here, and each belongs to a stream of its
 * own sender, so there are at most as many windows as members × stream types × readable epochs.
 */
export class ReplayWindows {
  readonly #streams = new Map<string, Stream>()
  #oldestEpoch = 0n
  #log: RecordLog | undefined

  /** See {@link ReplayWindow.accept}. */
  accept(epoch: bigint, streamType: StreamType, streamId: number, sequence: number): boolean {
    const key = `${epoch}/${streamType}/${streamId}`
    let stream = this.#streams.get(key)
    if (!stream) {
      stream = { epoch, streamType, streamId, window: new ReplayWindow() }
      this.#streams.set(key, stream)
    }
    const isNew = stream.window.accept(sequence)
    if (isNew) this.#log?.mark(windowKey(stream), () => windowValue(stream))
    return isNew
  }

  /** Forgets the epochs before `oldestEpoch`, whose keys are gone. Costs nothing while that stays the same. */
  forgetBefore(oldestEpoch: bigint): void {
    if (oldestEpoch === this.#oldestEpoch) return
    this.#oldestEpoch = oldestEpoch
    for (const [key, stream] of this.#streams) {
      if (stream.epoch >= oldestEpoch) continue
      this.#streams.delete(key)
      this.#log?.mark(windowKey(stream), () => undefined)
    }
  }

  /** Forgets an epoch that was prepared and given up, and whatever is after it: another one gets its number. */
  forgetFrom(epoch: bigint): void {
    for (const [key, stream] of this.#streams) {
      if (stream.epoch < epoch) continue
      this.#streams.delete(key)
      this.#log?.mark(windowKey(stream), () => undefined)
    }
  }

  /** From now on every change is noted in this log. */
  attach(log: RecordLog): void {
    this.#log = log
  }

  /** A record for each window. */
  *records(): Generator<StateRecord> {
    for (const stream of this.#streams.values()) yield { key: windowKey(stream), value: windowValue(stream) }
  }

  /** Reads what {@link records} wrote. @throws DecodeError */
  static fromRecords(records: RecordReader): ReplayWindows {
    const windows = new ReplayWindows()
    for (const { parts, value } of records.takeAll(WINDOW)) {
      const [epoch, wireType, streamId, ...more] = parts
      const streamType = typeof wireType === "number" ? streamTypeFromWire(wireType) : undefined
      const isWindow = typeof epoch === "bigint" && typeof streamId === "number" && more.length === 0
      if (!isWindow || streamType === undefined) throw new DecodeError("bad_value", 0)
      const window = decodeWhole(value, (reader) => ReplayWindow.read(reader))
      windows.#streams.set(`${epoch}/${streamType}/${streamId}`, { epoch, streamType, streamId, window })
    }
    return windows
  }

  /** Writes a list of epoch u64 · stream type u8 · stream id u32 · window, in the order of first use. */
  write(writer: Writer): void {
    writer.list([...this.#streams.values()], (inner, stream) => {
      inner.uint64(stream.epoch).uint8(streamTypeToWire(stream.streamType)).uint32(stream.streamId)
      stream.window.write(inner)
    })
  }

  /** @throws DecodeError */
  static read(reader: Reader): ReplayWindows {
    const windows = new ReplayWindows()
    for (const stream of readList(reader, readStream)) {
      const key = `${stream.epoch}/${stream.streamType}/${stream.streamId}`
      if (windows.#streams.has(key)) throw new DecodeError("bad_value", reader.offset)
      windows.#streams.set(key, stream)
    }
    return windows
  }
}

const WINDOW = "window"

function windowKey({ epoch, streamType, streamId }: Stream): string {
  return recordKey(WINDOW, epoch, streamTypeToWire(streamType), streamId)
}

function windowValue({ window }: Stream): Uint8Array {
  return encode((writer) => window.write(writer))
}

function readStream(reader: Reader): Stream {
  const start = reader.offset
  const epoch = reader.uint64()
  const streamType = streamTypeFromWire(reader.uint8())
  if (streamType === undefined) throw new DecodeError("reserved_value", start)
  return { epoch, streamType, streamId: reader.uint32(), window: ReplayWindow.read(reader) }
}
