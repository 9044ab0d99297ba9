import { decodeCbor, DecodeError, encodeCbor } from "@qpc/wire"
import type { CborKey, CborValue } from "@qpc/wire"

/** One entry of the map that a frame is, and where it lies. */
export interface CborEntry {
  readonly key: CborKey
  readonly value: CborValue
  /** Of the key, in bytes from the start of the frame. */
  readonly offset: number
  /** Of the value. */
  readonly valueOffset: number
  /** Of key and value together. */
  readonly lengthBytes: number
}

/** No frame has more; each entry is a key and a value. */
const ITEMS_MAX = 32

/**
 * The entries of a map in the order they are in.
 *
 * @throws DecodeError with the byte where reading stopped; `bad_value` at 0 if it is CBOR, but not a map
 */
export function cborEntries(bytes: Uint8Array, sizeBytes: number): CborEntry[] {
  const map = decodeCbor(bytes, { sizeBytes, depth: 1, itemCount: ITEMS_MAX })
  if (!(map instanceof Map)) throw new DecodeError("bad_value", 0)
  const entries: CborEntry[] = []
  // What the decoder accepts has one encoding, so that encoding a value again tells how long it was.
  let offset = 1
  for (const [key, value] of map as ReadonlyMap<CborKey, CborValue>) {
    const keyBytes = encodeCbor(key).length
    const lengthBytes = keyBytes + encodeCbor(value).length
    entries.push({ key, value, offset, valueOffset: offset + keyBytes, lengthBytes })
    offset += lengthBytes
  }
  return entries
}
