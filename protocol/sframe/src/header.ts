import { DecodeError } from "@qpc/wire"

/** The clear beginning of a frame (RFC 9605 §4.3). */
export interface SFrameHeader {
  /** KID: which key the frame is under, 64 bits. */
  readonly kid: bigint
  /** CTR: which frame of that key it is, 64 bits. */
  readonly counter: bigint
}

/** A header and how much of the frame it took. */
export interface ReadHeader extends SFrameHeader {
  readonly lengthBytes: number
}

const MAX = 2n ** 64n - 1n
/** Values below are part of the first byte; so is the length of others, less one. */
const SHORT = 8n
const EXTENDED = 8
const FIELD = 7

/** Header of KID and CTR in its one encoding. @throws RangeError for a value that has no 64 bits */
export function encodeHeader({ kid, counter }: SFrameHeader): Uint8Array {
  const [kidBytes, counterBytes] = [lengthOf(kid), lengthOf(counter)]
  const header = new Uint8Array(1 + kidBytes + counterBytes)
  header[0] = (fieldOf(kid, kidBytes) << 4) | fieldOf(counter, counterBytes)
  writeInteger(header, 1, kidBytes, kid)
  writeInteger(header, 1 + kidBytes, counterBytes, counter)
  return header
}

/**
 * Reads the header that `frame` begins with.
 *
 * @throws DecodeError `truncated`, or `not_minimal` where a shorter encoding of the same value exists: it is not allowed
 */
export function decodeHeader(frame: Uint8Array): ReadHeader {
  const config = frame[0]
  if (config === undefined) throw new DecodeError("truncated", 0)
  const kid = readField(frame, config >>> 4, 1)
  const counter = readField(frame, config & 0xf, kid.end)
  return { kid: kid.value, counter: counter.value, lengthBytes: counter.end }
}

function readField(frame: Uint8Array, bits: number, start: number): { readonly value: bigint; readonly end: number } {
  if (bits < EXTENDED) return { value: BigInt(bits), end: start }
  const end = start + (bits & FIELD) + 1
  if (end > frame.length) throw new DecodeError("truncated", frame.length)
  const value = readInteger(frame, start, end)
  if (lengthOf(value) !== end - start) throw new DecodeError("not_minimal", start)
  return { value, end }
}

/** Bytes behind the first one. */
function lengthOf(value: bigint): number {
  if (value < 0n || value > MAX) throw new RangeError("a key id or counter has 64 bits")
  if (value < SHORT) return 0
  let lengthBytes = 1
  for (let rest = value >> 8n; rest > 0n; rest >>= 8n) lengthBytes++
  return lengthBytes
}

function fieldOf(value: bigint, lengthBytes: number): number {
  return lengthBytes === 0 ? Number(value) : EXTENDED | (lengthBytes - 1)
}

function writeInteger(into: Uint8Array, start: number, lengthBytes: number, value: bigint): void {
  let rest = value
  for (let at = start + lengthBytes - 1; at >= start; at--) {
    into[at] = Number(rest & 0xffn)
    rest >>= 8n
  }
}

function readInteger(from: Uint8Array, start: number, end: number): bigint {
  let value = 0n
  for (let at = start; at < end; at++) value = (value << 8n) | BigInt(from[at]!)
  return value
}
