import { decodeWhole, DecodeError, encode, readList, recordKey } from "@qpc/wire"
import type { Reader, RecordLog, RecordReader, StateRecord, Writer } from "@qpc/wire"

/** How many messages are remembered, unless the caller says otherwise. */
export const SEEN_MESSAGES = 10_000

/**
 * Remembers the newest messages by (sender, message id), across epochs, so that one that was sealed twice is shown once.
 * Beyond the limit the oldest is forgotten.
 */
export class SeenMessages {
  readonly #limit: number
  /** In order of arrival, each with its number in that order. */
  readonly #seen = new Map<string, bigint>()
  #next = 0n
  #log: RecordLog | undefined

  /** @param limit - Messages to remember. 0 leaves recognising duplicates to whoever stores the messages. */
  constructor(limit: number = SEEN_MESSAGES) {
    if (!Number.isSafeInteger(limit) || limit < 0) throw new RangeError(`not a limit: ${limit}`)
    this.#limit = limit
  }

  /** True the first time. Call it only for a message that is delivered otherwise. */
  add(senderId: number, messageId: bigint): boolean {
    const key = `${senderId}/${messageId}`
    if (this.#seen.has(key)) return false
    this.#keep(key, this.#next)
    this.#forgetOldest()
    return true
  }

  /** From now on every change is noted in this log. */
  attach(log: RecordLog): void {
    this.#log = log
    // A limit may be lower than it was when the messages were stored.
    this.#forgetOldest()
  }

  /** A record for each message: sender id u32 · message id u64, under its number. */
  *records(): Generator<StateRecord> {
    for (const [key, at] of this.#seen) yield { key: seenKey(at), value: seenValue(key) }
  }

  /** Restores what {@link records} wrote, as far as `limit` allows. @throws DecodeError */
  static fromRecords(records: RecordReader, limit?: number): SeenMessages {
    const seen = new SeenMessages(limit)
    for (const { parts, value } of records.takeAll(SEEN)) {
      const [at, ...more] = parts
      const key = decodeWhole(value, readKey)
      if (typeof at !== "bigint" || more.length > 0 || seen.#seen.has(key)) throw new DecodeError("bad_value", 0)
      seen.#keep(key, at)
    }
    return seen
  }

  /** Writes a list of sender id u32 · message id u64, oldest first. */
  write(writer: Writer): void {
    writer.list([...this.#seen.keys()], (inner, key) => void inner.bytes(seenValue(key)))
  }

  /** Restores what {@link write} wrote, as far as `limit` allows. @throws DecodeError */
  static read(reader: Reader, limit?: number): SeenMessages {
    const seen = new SeenMessages(limit)
    const keys = readList(reader, readKey)
    for (const key of keys) if (!seen.#seen.has(key)) seen.#keep(key, seen.#next)
    if (seen.#seen.size !== keys.length) throw new DecodeError("bad_value", reader.offset)
    seen.#forgetOldest()
    return seen
  }

  #keep(key: string, at: bigint): void {
    this.#seen.set(key, at)
    this.#next = at + 1n
    this.#log?.mark(seenKey(at), () => seenValue(key))
  }

  #forgetOldest(): void {
    for (const [oldest, at] of this.#seen) {
      if (this.#seen.size <= this.#limit) return
      this.#seen.delete(oldest)
      this.#log?.mark(seenKey(at), () => undefined)
    }
  }
}

const SEEN = "seen"

function seenKey(at: bigint): string {
  return recordKey(SEEN, at)
}

function seenValue(key: string): Uint8Array {
  const slash = key.indexOf("/")
  return encode((writer) => writer.uint32(Number(key.slice(0, slash))).uint64(BigInt(key.slice(slash + 1))))
}

function readKey(reader: Reader): string {
  return `${reader.uint32()}/${reader.uint64()}`
}
