import { fromUtf8 } from "./bytes.ts"
import { DecodeError } from "./decode-error.ts"
import { Reader } from "./reader.ts"

/** Bounds that are checked before anything is allocated. */
export interface CborLimits {
  /** Nesting of arrays and maps. Default 8. */
  readonly depth?: number
  /** Length of the whole input, in bytes. Default 1 MiB. */
  readonly sizeBytes?: number
  /** Values in the whole input, map keys and the arrays and maps themselves included. Default 65 536. */
  readonly itemCount?: number
}

/** How deep arrays and maps may nest unless the caller says otherwise. */
const DEFAULT_DEPTH = 8
const DEFAULT_SIZE_BYTES = 1024 * 1024
const DEFAULT_ITEM_COUNT = 65_536

/**
 * Walks over the whole input and refuses whatever is not the shortest encoding of one of our values, so that the decoder
 * that builds the values meets nothing else. Allocates nothing but the text of map keys.
 *
 * @throws DecodeError as {@link decodeCbor} documents
 */
export function checkCbor(bytes: Uint8Array, limits: CborLimits): void {
  if (bytes.length > (limits.sizeBytes ?? DEFAULT_SIZE_BYTES)) throw new DecodeError("too_large", 0)
  const walk: Walk = {
    reader: new Reader(bytes),
    depth: limits.depth ?? DEFAULT_DEPTH,
    itemsLeft: limits.itemCount ?? DEFAULT_ITEM_COUNT,
  }
  checkItem(walk, 0)
  walk.reader.end()
}

interface Walk {
  readonly reader: Reader
  readonly depth: number
  itemsLeft: number
}

/** Major types (RFC 8949 §3.1). */
const UNSIGNED = 0
const NEGATIVE = 1
const BYTE_STRING = 2
const TEXT_STRING = 3
const ARRAY = 4
const MAP = 5
const TAG = 6

function checkItem(walk: Walk, depth: number): void {
  const { reader } = walk
  const start = reader.offset
  if (--walk.itemsLeft < 0) throw new DecodeError("too_large", start)

  const head = reader.uint8()
  const major = head >>> 5
  if (major === UNSIGNED || major === NEGATIVE) return void readArgument(reader, head & 0x1f, start)
  if (major === BYTE_STRING) return void reader.bytes(readLength(reader, head & 0x1f, start))
  if (major === TEXT_STRING) return void readText(reader, head & 0x1f, start)
  if (major === ARRAY || major === MAP) return checkContainer(walk, head, depth + 1)
  // Of the simple values only false, true and null are ours; floats and `undefined` share the major type (§3.3).
  if (major === TAG || head < 0xf4 || head > 0xf6) throw new DecodeError("reserved_value", start)
}

function checkContainer(walk: Walk, head: number, depth: number): void {
  const { reader } = walk
  const start = reader.offset - 1
  if (depth > walk.depth) throw new DecodeError("too_large", start)
  const count = readArgument(reader, head & 0x1f, start)
  // Each item takes at least one byte: a count beyond the input is found before the first item is read.
  if (count > reader.remainingBytes) throw new DecodeError("truncated", start)
  const keys = head >>> 5 === MAP ? new Set<bigint | number | string>() : undefined
  for (let i = 0; i < count; i++) {
    if (keys) checkKey(walk, keys)
    checkItem(walk, depth)
  }
}

function checkKey(walk: Walk, keys: Set<bigint | number | string>): void {
  const { reader } = walk
  const start = reader.offset
  if (--walk.itemsLeft < 0) throw new DecodeError("too_large", start)
  const key = readKey(reader, start)
  if (keys.has(key)) throw new DecodeError("bad_value", start)
  keys.add(key)
}

function readKey(reader: Reader, start: number): bigint | number | string {
  const head = reader.uint8()
  const major = head >>> 5
  if (major === TEXT_STRING) return readText(reader, head & 0x1f, start)
  if (major > NEGATIVE) throw new DecodeError("bad_value", start)
  const argument = readArgument(reader, head & 0x1f, start)
  if (major === UNSIGNED) return argument
  return typeof argument === "bigint" ? -1n - argument : -1 - argument
}

function readText(reader: Reader, additional: number, start: number): string {
  const text = fromUtf8(reader.bytes(readLength(reader, additional, start)))
  if (text === undefined) throw new DecodeError("bad_value", start)
  return text
}

function readLength(reader: Reader, additional: number, start: number): number {
  const length = readArgument(reader, additional, start)
  if (typeof length === "bigint") throw new DecodeError("truncated", start)
  return length
}

/** The argument of a head, in its shortest form only (RFC 8949 §3, §4.2.1). Above 2^53 − 1 it is a `bigint`. */
function readArgument(reader: Reader, additional: number, start: number): number | bigint {
  if (additional < 24) return additional
  if (additional === 24) return atLeast(reader.uint8(), 24, start)
  if (additional === 25) return atLeast(reader.uint16(), 0x100, start)
  if (additional === 26) return atLeast(reader.uint32(), 0x1_0000, start)
  // 28–30 are reserved, 31 announces an indefinite length (§3.2), which deterministic encoding forbids.
  if (additional > 27) throw new DecodeError("reserved_value", start)
  const value = reader.uint64()
  if (value < 0x1_0000_0000n) throw new DecodeError("not_minimal", start)
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? value : Number(value)
}

function atLeast(value: number, smallest: number, start: number): number {
  if (value < smallest) throw new DecodeError("not_minimal", start)
  return value
}
