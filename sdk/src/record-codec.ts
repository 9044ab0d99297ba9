import { decodeWhole, DecodeError, encode, fromUtf8 } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** A record's bytes and back; `decode` throws `DecodeError` for anything that `encode` did not write. */
export interface RecordCodec<T> {
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** Every record begins with this, so that a later format can tell. */
const VERSION = 1

/** A codec that begins with the version. */
export function codec<T>(write: (writer: Writer, value: T) => void, read: (reader: Reader) => T): RecordCodec<T> {
  return {
    encode: (value) => encode((writer) => write(writer.uint8(VERSION), value)),
    decode: (bytes) =>
      decodeWhole(bytes, (reader) => {
        if (reader.uint8() !== VERSION) throw new DecodeError("reserved_value", 0)
        return read(reader)
      }),
  }
}

/** @throws DecodeError unless it is 0 or 1 */
export function readFlag(reader: Reader): boolean {
  const value = reader.uint8()
  if (value > 1) throw new DecodeError("reserved_value", reader.offset - 1)
  return value === 1
}

/** @throws DecodeError unless it is UTF-8 */
export function readText(reader: Reader): string {
  const start = reader.offset
  const value = fromUtf8(reader.vector())
  if (value === undefined) throw new DecodeError("bad_value", start)
  return value
}

/** @throws DecodeError beyond what a number holds exactly */
export function readNumber(reader: Reader): number {
  const start = reader.offset
  const value = reader.uint64()
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError("bad_value", start)
  return Number(value)
}
