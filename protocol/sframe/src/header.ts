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
const WORD_BYTES = 4
/** One number at a time, on its way from or to bytes: shifting a bigint byte by byte would allocate each time. */
const words = new DataView(new ArrayBuffer(2 * WORD_BYTES))
const octets = new Uint8Array(words.buffer)

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
  words.setBigUint64(0, value)
  const [high, low] = [words.getUint32(0), words.getUint32(WORD_BYTES)]
  return high === 0 ? bytesOfWord(low) : WORD_BYTES + bytesOfWord(high)
}

/** Without zeros in front. */
function bytesOfWord(word: number): number {
  return WORD_BYTES - (Math.clz32(word) >>> 3)
}

function fieldOf(value: bigint, lengthBytes: number): number {
  return lengthBytes === 0 ? Number(value) : EXTENDED | (lengthBytes - 1)
}

function writeInteger(into: Uint8Array, start: number, lengthBytes: number, value: bigint): void {
  words.setBigUint64(0, value)
  const skipped = octets.length - lengthBytes
  for (let at = 0; at < lengthBytes; at++) into[start + at] = octets[skipped + at]!
}

function readInteger(from: Uint8Array, start: number, end: number): bigint {
  words.setBigUint64(0, 0n)
  const skipped = octets.length - (end - start)
  for (let at = start; at < end; at++) octets[skipped + at - start] = from[at]!
  return words.getBigUint64(0)
}
