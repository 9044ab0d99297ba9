import {
  FLAG_ACK_REQUESTED,
  FLAG_CRITICAL,
  FLAG_ORDERED,
  FLAG_RELIABLE,
  FLAG_SYSTEM,
  MEMBER_ID_END,
  streamIdOf,
  streamTypeFromWire,
} from "@qpc/gbp"
import type { StreamType } from "@qpc/gbp"

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [FLAG_ORDERED, "ordered"],
  [FLAG_RELIABLE, "reliable"],
  [FLAG_ACK_REQUESTED, "ack requested"],
  [FLAG_SYSTEM, "system"],
  [FLAG_CRITICAL, "critical"],
]
const ALL_FLAGS = FLAG_NAMES.reduce((all, [flag]) => all | flag, 0)
const STREAMS: readonly StreamType[] = ["control", "audio", "text", "signal"]
const PAYLOAD_FORMATS = ["CBOR", "Protobuf", "FlatBuffers"]
const MEMBER_STEP = 100

/** The flags that are set, by name; unassigned bits as a number. */
export function flagWords(flags: number): string {
  const names = FLAG_NAMES.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name)
  const unassigned = flags & ~ALL_FLAGS
  if (unassigned !== 0) names.push(`unassigned 0x${unassigned.toString(16)}`)
  return names.length === 0 ? "none" : names.join(", ")
}

/** What a stream type is for. */
export function streamTypeWords(wireType: number): string {
  const type = streamTypeFromWire(wireType)
  if (type !== undefined) return `${type} stream`
  return wireType >= 0x8000 ? "a private stream" : "unassigned"
}

/** Whose stream it is, by its number. */
export function streamIdWords(streamId: number): string {
  const type = STREAMS.find((one) => streamId % MEMBER_STEP === streamIdOf(one, 0))
  const memberId = Math.floor(streamId / MEMBER_STEP)
  if (type === undefined || memberId >= MEMBER_ID_END) return "nobody's: no member has such a stream"
  return `the ${type} stream of member ${memberId}`
}

/** @param format - 0, 1 or 2 */
export function payloadFormatWords(format: number): string {
  return PAYLOAD_FORMATS[format] ?? "unassigned"
}
