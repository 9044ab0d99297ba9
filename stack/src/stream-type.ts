import { streamTypeFromWire, streamTypeToWire } from "@qpc/gbp"
import type { StreamType as StreamName } from "@qpc/gbp"

/** Stream types by the names of the published packages (GBP "Stream types"). */
export const StreamType = {
  Control: 0,
  Audio: 1,
  Text: 2,
  Signal: 3,
} as const

/** One of {@link StreamType}. */
export type StreamType = (typeof StreamType)[keyof typeof StreamType]

/** The number that stands for a stream on the wire. */
export function streamTypeOf(name: StreamName): StreamType {
  return streamTypeToWire(name) as StreamType
}

/** The word for a stream. @throws RangeError for a number that is no stream type */
export function streamNameOf(streamType: StreamType): StreamName {
  const name = streamTypeFromWire(streamType)
  if (name === undefined) throw new RangeError(`not a stream type: ${String(streamType)}`)
  return name
}
