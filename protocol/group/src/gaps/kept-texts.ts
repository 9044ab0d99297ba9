import {
  decodeWhole,
  DecodeError,
  DEVICE_KEY_BYTES,
  encode,
  equalBytes,
  MESSAGE_ID_BYTES,
  readOptional,
} from "@qpc/wire"
import { recordKey, toDeviceKey, toHex, toMessageId } from "@qpc/wire"
import type { DeviceKey, MessageId, Reader, RecordLog, RecordReader, StateRecord } from "@qpc/wire"

/** A text as its sender sealed it, envelope and all. */
export interface KeptText {
  readonly device: DeviceKey
  /** The first epoch in which its sender counted, and its number from then on. */
  readonly since: bigint
  readonly number: number
  readonly epoch: bigint
  /** Of a text of our own: what the network knows it by. */
  readonly messageId?: MessageId
  /** When it came, and how long it is kept. */
  readonly sinceMs: number
  readonly untilMs: number
  readonly envelope: Uint8Array
}

/** Bounds of what is kept. */
export interface KeptTextsLimits {
  readonly keptTexts: number
  readonly keptTextBytes: number
}

interface Kept extends KeptText {
  /** Its number in the order of arrival. */
  readonly at: bigint
}

/**
 * The last texts as they were sealed, for members who never got one of them.
 *
 * To keep them harms nothing: the key that opened a text, or sealed it, was deleted with that (RFC 9420 §9.2), so whoever steals this
 * state can read none of them. They are what anybody on the way has seen, and shorter lived: a text goes with its epoch's keys, and no
 * later than when it would have to disappear.
 */
export class KeptTexts {
  #texts: Kept[] = []
  #log: RecordLog | undefined

  /**
   * Copies the envelope. Room is made by the device that has most, its oldest first, so that nobody's texts push out others': by the
   * one with most texts where there are too many, by the one with most bytes where they are too large, the new one included.
   */
  add(text: KeptText, { keptTexts, keptTextBytes }: KeptTextsLimits): void {
    if (text.envelope.length > keptTextBytes || keptTexts === 0) return
    const at = (this.#texts.at(-1)?.at ?? -1n) + 1n
    const kept = { ...text, envelope: text.envelope.slice(), at }
    this.#texts.push(kept)
    this.#log?.mark(keyOf(kept), () => valueOf(kept))
    while (this.#texts.length > keptTexts) this.#dropOldestOf((texts) => texts.length)
    while (sizeOf(this.#texts) > keptTextBytes) this.#dropOldestOf(sizeOf)
  }

  /** Texts of one sender, `from` and `to` among them, by number. Borrowed. */
  find(device: Uint8Array, since: bigint, range: { readonly from: number; readonly to: number }): readonly KeptText[] {
    const isAsked = (kept: Kept): boolean =>
      kept.number >= range.from && kept.number <= range.to && kept.since === since && equalBytes(kept.device, device)
    return this.#texts.filter(isAsked).toSorted((a, b) => a.number - b.number)
  }

  /** Nobody is to get the text of ours that the network knows by this id. */
  dropOwn(messageId: MessageId): void {
    const isIt = (kept: Kept): boolean => kept.messageId !== undefined && equalBytes(kept.messageId, messageId)
    this.#drop(new Set(this.#texts.filter(isIt)))
  }

  /** Forgets what nobody can open any more, and whose time is over. A clock that was set back makes that time no longer. */
  forget(oldestEpoch: bigint, nowMs: number, { keptTextMs }: { readonly keptTextMs: number }): void {
    this.#texts = this.#texts.map((kept) => {
      const sinceMs = Math.min(kept.sinceMs, nowMs)
      const untilMs = Math.min(kept.untilMs - (kept.sinceMs - sinceMs), nowMs + keptTextMs)
      if (untilMs === kept.untilMs && sinceMs === kept.sinceMs) return kept
      const changed = { ...kept, sinceMs, untilMs }
      this.#log?.mark(keyOf(changed), () => valueOf(changed))
      return changed
    })
    this.#drop(new Set(this.#texts.filter(({ epoch, untilMs }) => epoch < oldestEpoch || untilMs <= nowMs)))
  }

  forgetAll(): void {
    this.#drop(new Set(this.#texts))
  }

  /** When the next one's time is over. */
  get expiresAtMs(): number | undefined {
    return this.#texts.length === 0 ? undefined : Math.min(...this.#texts.map(({ untilMs }) => untilMs))
  }

  /** From now on every change is noted in this log. */
  attach(log: RecordLog): void {
    this.#log = log
  }

  /** A record for each text, under its number in the order of arrival. */
  *records(): Generator<StateRecord> {
    for (const kept of this.#texts) yield { key: keyOf(kept), value: valueOf(kept) }
  }

  /** Reads what {@link records} wrote. Copies. @throws DecodeError */
  static fromRecords(records: RecordReader): KeptTexts {
    const read = new KeptTexts()
    read.#texts = records.takeAll(KEPT).map(({ parts, value }) => {
      const [at, ...more] = parts
      if (typeof at !== "bigint" || more.length > 0) throw new DecodeError("bad_value", 0)
      return decodeWhole(value, (reader) => readKept(reader, at))
    })
    return read
  }

  /** Drops the oldest text of the device of whose texts `amountOf` is most. There must be one. */
  #dropOldestOf(amountOf: (texts: readonly Kept[]) => number): void {
    const byDevice = Map.groupBy(this.#texts, ({ device }) => toHex(device))
    const [first] = [...byDevice.values()].reduce((a, b) => (amountOf(b) > amountOf(a) ? b : a))
    this.#drop(new Set([first!]))
  }

  #drop(dropped: ReadonlySet<Kept>): void {
    if (dropped.size === 0) return
    this.#texts = this.#texts.filter((kept) => !dropped.has(kept))
    for (const kept of dropped) this.#log?.mark(keyOf(kept), () => undefined)
  }
}

const sizeOf = (texts: readonly Kept[]): number => texts.reduce((sum, { envelope }) => sum + envelope.length, 0)

const KEPT = "kept"

const keyOf = ({ at }: Kept): string => recordKey(KEPT, at)

/** Writes device key · since u64 · number u32 · epoch u64 · optional message id · since u64 ms · until u64 ms · envelope<V>. */
function valueOf({ device, since, number, epoch, messageId, sinceMs, untilMs, envelope }: Kept): Uint8Array {
  return encode((writer) => {
    writer.bytes(device).uint64(since).uint32(number).uint64(epoch)
    writer.optional(messageId, (inner, id) => inner.bytes(id))
    writer.uint64(BigInt(sinceMs)).uint64(BigInt(untilMs)).vector(envelope)
  })
}

function readKept(reader: Reader, at: bigint): Kept {
  const device = toDeviceKey(reader.bytes(DEVICE_KEY_BYTES).slice())
  const [since, number, epoch] = [reader.uint64(), reader.uint32(), reader.uint64()]
  const messageId = readOptional(reader, (inner) => toMessageId(inner.bytes(MESSAGE_ID_BYTES).slice()))
  const [sinceMs, untilMs, envelope] = [Number(reader.uint64()), Number(reader.uint64()), reader.vector().slice()]
  if (!Number.isSafeInteger(sinceMs) || !Number.isSafeInteger(untilMs))
    throw new DecodeError("bad_value", reader.offset)
  return { device, since, number, epoch, ...(messageId && { messageId }), sinceMs, untilMs, envelope, at }
}
