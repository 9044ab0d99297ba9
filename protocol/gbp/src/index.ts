/** Group Base Protocol: frames, sequence numbers and replay protection of one group member. @module */
export { decodeControl, encodeControl, OPCODE_REDELIVERY_ANSWER, OPCODE_REDELIVERY_ASK } from "./control.ts"
export type { ControlMessage } from "./control.ts"
export { dropError } from "./drop-reason.ts"
export type { DropReason } from "./drop-reason.ts"
export type { EpochKeys, Membership, Opened, OpenRejection } from "./epoch-keys.ts"
export { ERROR_CLASS_CODES, ERROR_REGISTRY, lookupError } from "./error-registry.ts"
export type { ErrorClass, ErrorName, RegisteredError } from "./error-registry.ts"
export { FRAME_MAX_BYTES, SEQUENCE_MAX } from "./frame.ts"
export type { FrameContent, FrameHeader, FrameLimits, PayloadFormat, SealedFrame } from "./frame.ts"
export { decodeFrame, PROFILE_2 } from "./profile-2.ts"
export { Receiver } from "./receive.ts"
export type { ReceivedFrame, ReceivedPayload } from "./receive.ts"
export { Sender } from "./send.ts"
export type { Framed, FrameSurroundings, Payload } from "./send.ts"
export { NUMBER_MAX } from "./stream-numbers.ts"
export type { NumberRun, StreamNumbers } from "./stream-numbers.ts"
export {
  FLAG_ACK_REQUESTED,
  FLAG_CRITICAL,
  FLAG_ORDERED,
  FLAG_RELIABLE,
  FLAG_SYSTEM,
  MEMBER_ID_END,
  streamIdOf,
  streamTypeFromWire,
  streamTypeToWire,
} from "./stream.ts"
export type { StreamType } from "./stream.ts"
