/** What a frame is part of (GBP "Stream types"). Another number is a stream that this program does not speak. */
export type StreamType = "control" | "audio" | "text" | "signal"

/** Frame flags (GBP "Flags"). Higher bits are unassigned and refused. */
export const FLAG_ORDERED = 0x01
export const FLAG_RELIABLE = 0x02
export const FLAG_ACK_REQUESTED = 0x04
export const FLAG_SYSTEM = 0x08
export const FLAG_CRITICAL = 0x10

/** What one stream type looks like on the wire. */
interface StreamRules {
  readonly type: StreamType
  readonly wireType: number
  /** Stream ids of this class are `idBase + memberId × 100`. */
  readonly idBase: number
  /** Every frame of the class carries these. */
  readonly requiredFlags: number
  /** No frame of the class carries anything else. */
  readonly allowedFlags: number
}

const TEXT_FLAGS = FLAG_ORDERED | FLAG_RELIABLE | FLAG_ACK_REQUESTED
const CONTROL_FLAGS = FLAG_ORDERED | FLAG_RELIABLE | FLAG_SYSTEM

const STREAMS: readonly StreamRules[] = [
  rules("control", 0, 0, CONTROL_FLAGS),
  rules("audio", 1, 2, FLAG_ORDERED),
  rules("text", 2, 1, TEXT_FLAGS),
  rules("signal", 3, 3, TEXT_FLAGS),
]

/** Member ids lie below this (GBP "Stream ids"), which keeps every stream id within 32 bits. */
export const MEMBER_ID_END = 1_000_000
const MEMBER_STEP = 100

/** Stream types as numbers: 0 control, 1 audio, 2 text, 3 signal. */
export function streamTypeToWire(type: StreamType): number {
  return rulesOf(type).wireType
}

/** `undefined` for a number that is unassigned, or assigned to streams we do not speak. */
export function streamTypeFromWire(wireType: number): StreamType | undefined {
  return STREAMS.find((stream) => stream.wireType === wireType)?.type
}

/** The one stream of `type` that belongs to a member. @throws RangeError if `memberId` is not in [0, 1 000 000) */
export function streamIdOf(type: StreamType, memberId: number): number {
  if (!Number.isInteger(memberId) || memberId < 0 || memberId >= MEMBER_ID_END) {
    throw new RangeError(`not a member id: ${memberId}`)
  }
  return rulesOf(type).idBase + memberId * MEMBER_STEP
}

/** Whose stream of `type` this is; `undefined` for an id that is nobody's. */
export function memberIdOfStream(type: StreamType, streamId: number): number | undefined {
  const memberId = (streamId - rulesOf(type).idBase) / MEMBER_STEP
  return Number.isInteger(memberId) && memberId >= 0 && memberId < MEMBER_ID_END ? memberId : undefined
}

/** The flags every frame of this type carries. */
export function flagsOf(type: StreamType): number {
  return rulesOf(type).requiredFlags
}

/** True if a frame of `type` may carry exactly these flags. */
export function flagsAreAllowed(type: StreamType, flags: number): boolean {
  const { requiredFlags, allowedFlags } = rulesOf(type)
  return (flags & requiredFlags) === requiredFlags && (flags & ~allowedFlags) === 0
}

/** Only critical is a choice of the sender: it asks receivers to compare transition ids. */
function rules(type: StreamType, wireType: number, idBase: number, requiredFlags: number): StreamRules {
  return { type, wireType, idBase, requiredFlags, allowedFlags: requiredFlags | FLAG_CRITICAL }
}

function rulesOf(type: StreamType): StreamRules {
  const found = STREAMS.find((stream) => stream.type === type)
  if (found === undefined) throw new Error(`unreachable: stream type ${type} is not in the table`)
  return found
}
