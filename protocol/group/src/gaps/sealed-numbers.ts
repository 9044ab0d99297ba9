import { DecodeError, decodeWhole, equalBytes, MESSAGE_ID_BYTES, recordKey, toMessageId } from "@qpc/wire"
import type { MessageId, RecordLog, RecordReader, StateRecord } from "@qpc/wire"
import type { NumberLimits } from "./own-numbers.ts"

/**
 * Which number our text has that the network knows by an id. Unlike the sealed text this does not go with the epoch's keys or with the
 * group's timer: a text may be refused, or given up for want of room, long after that.
 */
export class SealedNumbers {
  /** Ascending. */
  #texts: readonly SealedText[] = []
  #log: RecordLog | undefined

  /** Notes the text that was just sealed; the oldest makes room. Its number is the highest so far. */
  add(messageId: MessageId, number: number, { rememberedNumbers }: NumberLimits): void {
    const text = { messageId, number }
    this.#texts = [...this.#texts, text]
    this.#log?.mark(keyOf(text), () => messageId.slice())
    while (this.#texts.length > rememberedNumbers) this.#drop(this.#texts[0]!)
  }

  /** Takes out the text of this id. @returns its number, if we know it */
  take(messageId: MessageId): number | undefined {
    const taken = this.#texts.find((one) => equalBytes(one.messageId, messageId))
    if (taken !== undefined) this.#drop(taken)
    return taken?.number
  }

  /** From now on every change is noted in this log. */
  attach(log: RecordLog): void {
    this.#log = log
  }

  /** A record for each text: its id, under its number. */
  *records(): Generator<StateRecord> {
    for (const text of this.#texts) yield { key: keyOf(text), value: text.messageId.slice() }
  }

  /** Reads what {@link records} wrote. Copies. @throws DecodeError */
  static fromRecords(records: RecordReader): SealedNumbers {
    const read = new SealedNumbers()
    read.#texts = records.takeAll(SEALED).map(({ parts, value }) => {
      const [number, ...more] = parts
      if (typeof number !== "bigint" || more.length > 0) throw new DecodeError("bad_value", 0)
      const messageId = decodeWhole(value, (reader) => toMessageId(reader.bytes(MESSAGE_ID_BYTES).slice()))
      return { messageId, number: Number(number) }
    })
    return read
  }

  #drop(text: SealedText): void {
    this.#texts = this.#texts.filter((one) => one !== text)
    this.#log?.mark(keyOf(text), () => undefined)
  }
}

interface SealedText {
  readonly messageId: MessageId
  readonly number: number
}

const SEALED = "sealed"

const keyOf = ({ number }: SealedText): string => recordKey(SEALED, BigInt(number))
