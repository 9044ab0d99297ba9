import { DecodeError } from "./decode-error.ts"

/** What a field of a table is: a number of so many bytes, or a vector of bytes. */
export type FlatField = 4 | 8 | "bytes"

const OFFSET_BYTES = 4
const VTABLE_HEAD_BYTES = 4
const VTABLE_ENTRY_BYTES = 2
const TABLE_MAX_BYTES = 0x7fff

/** A part of the buffer that means something. */
interface Extent {
  readonly start: number
  readonly end: number
}

/**
 * Checks a FlatBuffers buffer of one table of numbers and byte vectors, so that code that was generated for it reads nothing else:
 * the runtime follows offsets wherever they lead.
 *
 * A table has many layouts, and all valid ones are accepted: fields in any order, defaults written or not. Refused are offsets that lead
 * outside or are not aligned, parts that overlap, fields that the schema does not have, and bytes other than zero that belong to
 * nothing.
 *
 * @param fields - Those of the schema, in its order.
 * @throws DecodeError `too_large`, `truncated`, `bad_value`, `reserved_value` for an unknown field, `trailing_bytes`
 */
export function checkFlatTable(bytes: Uint8Array, fields: readonly FlatField[], limitBytes: number): void {
  if (bytes.length > limitBytes) throw new DecodeError("too_large", 0)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const table = offsetAt(view, 0)
  const vtable = table - view.getInt32(inside(view, table, OFFSET_BYTES, OFFSET_BYTES), true)
  const vtableBytes = view.getUint16(inside(view, vtable, VTABLE_HEAD_BYTES, VTABLE_ENTRY_BYTES), true)
  const tableBytes = view.getUint16(vtable + VTABLE_ENTRY_BYTES, true)
  if (vtableBytes < VTABLE_HEAD_BYTES || vtableBytes % VTABLE_ENTRY_BYTES !== 0)
    throw new DecodeError("bad_value", vtable)
  // The runtime reads offsets within a table as signed numbers.
  if (tableBytes < OFFSET_BYTES || tableBytes > TABLE_MAX_BYTES) throw new DecodeError("bad_value", vtable)
  inside(view, vtable, vtableBytes, VTABLE_ENTRY_BYTES)
  inside(view, table, tableBytes, OFFSET_BYTES)

  const extents: Extent[] = [
    { start: 0, end: OFFSET_BYTES },
    { start: vtable, end: vtable + vtableBytes },
    { start: table, end: table + OFFSET_BYTES },
  ]
  const fieldCount = (vtableBytes - VTABLE_HEAD_BYTES) / VTABLE_ENTRY_BYTES
  for (let index = 0; index < fieldCount; index++) {
    const offset = view.getUint16(vtable + VTABLE_HEAD_BYTES + index * VTABLE_ENTRY_BYTES, true)
    if (offset === 0) continue // Absent: its default.
    const field = fields[index]
    if (field === undefined) throw new DecodeError("reserved_value", vtable)
    const size = field === "bytes" ? OFFSET_BYTES : field
    if (offset + size > tableBytes) throw new DecodeError("bad_value", vtable)
    const at = inside(view, table + offset, size, size)
    extents.push({ start: at, end: at + size })
    if (field === "bytes") extents.push(vectorAt(view, offsetAt(view, at)))
  }
  checkExtents(bytes, extents)
}

/** Where the offset at this place leads: forward, to a multiple of four. */
function offsetAt(view: DataView, at: number): number {
  const offset = view.getUint32(inside(view, at, OFFSET_BYTES, OFFSET_BYTES), true)
  if (offset < OFFSET_BYTES) throw new DecodeError("bad_value", at)
  return inside(view, at + offset, OFFSET_BYTES, OFFSET_BYTES)
}

function vectorAt(view: DataView, start: number): Extent {
  const lengthBytes = view.getUint32(start, true)
  if (lengthBytes > view.byteLength - start - OFFSET_BYTES) throw new DecodeError("truncated", start)
  return { start, end: start + OFFSET_BYTES + lengthBytes }
}

function inside(view: DataView, at: number, lengthBytes: number, alignment: number): number {
  if (at < 0 || at % alignment !== 0) throw new DecodeError("bad_value", Math.max(at, 0))
  if (at + lengthBytes > view.byteLength) throw new DecodeError("truncated", at)
  return at
}

/** Parts neither overlap nor leave anything but zeros between them. */
function checkExtents(bytes: Uint8Array, extents: readonly Extent[]): void {
  let end = 0
  for (const extent of extents.toSorted((a, b) => a.start - b.start)) {
    if (extent.start < end) throw new DecodeError("bad_value", extent.start)
    checkZeros(bytes, end, extent.start)
    end = extent.end
  }
  checkZeros(bytes, end, bytes.length)
}

function checkZeros(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) throw new DecodeError("trailing_bytes", at)
}
