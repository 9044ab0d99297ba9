import { fromUtf8, toUtf8 } from "./bytes.ts"
import { DecodeError } from "./decode-error.ts"
import { readList } from "./reader.ts"
import type { Reader } from "./reader.ts"
import type { Writer } from "./writer.ts"

/**
 * A piece of a stored state: overwritten in place when it changes, deleted when it is used up. A log of changes would keep
 * what was deleted, and with it the keys of messages that were read.
 */
export interface StateRecord {
  /** ASCII; parts are joined by slashes, see {@link recordKey}. */
  readonly key: string
  readonly value: Uint8Array
}

/** What became of a record; `undefined` if it is to be deleted. */
export interface StateChange {
  readonly key: string
  readonly value: Uint8Array | undefined
}

/** A part of a key: a name, a number in 32 bits or one in 64. */
export type RecordKeyPart = string | number | bigint

/** Joins the parts of a key. Numbers have a fixed width, 8 or 16 hexadecimal digits, so that keys sort like them. */
export function recordKey(...parts: readonly RecordKeyPart[]): string {
  return parts.map(partText).join("/")
}

function partText(part: RecordKeyPart): string {
  if (typeof part === "string") return part
  return part.toString(16).padStart(typeof part === "number" ? 8 : 16, "0")
}

/** Takes a key apart; the inverse of {@link recordKey}. */
export function recordKeyParts(key: string): RecordKeyPart[] {
  return key.split("/").map((text) => {
    if (/^[0-9a-f]{8}$/.test(text)) return Number.parseInt(text, 16)
    return /^[0-9a-f]{16}$/.test(text) ? BigInt(`0x${text}`) : text
  })
}

/** Writes a list of key<V> · value<V> in the order of the keys: the one encoding of these records. */
export function writeRecords(writer: Writer, records: Iterable<StateRecord>): void {
  const sorted = [...records].toSorted((a, b) => (a.key < b.key ? -1 : 1))
  writer.list(sorted, (inner, { key, value }) => inner.vector(toUtf8(key)).vector(value))
}

/** Reads what {@link writeRecords} wrote. Values are views. @throws DecodeError `bad_value` for keys out of order */
export function readRecords(reader: Reader): StateRecord[] {
  let previous = ""
  return readList(reader, (inner) => {
    const start = inner.offset
    const key = fromUtf8(inner.vector())
    if (key === undefined || key <= previous) throw new DecodeError("bad_value", start)
    previous = key
    return { key, value: inner.vector() }
  })
}

/**
 * Stored records on their way back into a state: each is taken once, and none may be left over. For records what `Reader` is
 * for bytes.
 */
export class RecordReader {
  readonly #byName = new Map<string, Map<string, Uint8Array>>()

  /** Borrows the values. @throws DecodeError `bad_value` if a key comes twice */
  constructor(records: Iterable<StateRecord>) {
    for (const { key, value } of records) {
      const name = key.split("/", 1)[0]!
      const known = this.#byName.get(name) ?? new Map<string, Uint8Array>()
      if (known.has(key)) throw new DecodeError("bad_value", 0)
      this.#byName.set(name, known.set(key, value))
    }
  }

  /** The record of this key. @throws DecodeError `bad_value` if there is none */
  take(key: string): Uint8Array {
    const value = this.takeOptional(key)
    if (value === undefined) throw new DecodeError("bad_value", 0)
    return value
  }

  /** The record of this key, if there is one. */
  takeOptional(key: string): Uint8Array | undefined {
    const known = this.#byName.get(key.split("/", 1)[0]!)
    const value = known?.get(key)
    known?.delete(key)
    return value
  }

  /** All records whose key begins with this name, in the order of their keys, with the parts behind the name. */
  takeAll(name: string): { readonly parts: readonly RecordKeyPart[]; readonly value: Uint8Array }[] {
    const known = [...(this.#byName.get(name) ?? [])]
    this.#byName.delete(name)
    return known
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ parts: recordKeyParts(key).slice(1), value }))
  }

  /** Every decoder ends here. @throws DecodeError `bad_value` if a record is left that nobody knows */
  end(): void {
    for (const left of this.#byName.values()) if (left.size > 0) throw new DecodeError("bad_value", 0)
  }
}
