/** Group Base Protocol: frames, sequence numbers and replay protection of one group member. @module */
export {
  AUDIO_FRAME_MAX_BYTES,
  audioFrameMetadata,
  decodeAudioFrame,
  encodeAudioFrame,
  isAudioFrame,
} from "./audio-frame.ts"
export type { AudioFrameHeader, SealedAudioFrame } from "./audio-frame.ts"
export {
  decodeAbort,
  decodeDigestRequest,
  decodeDigestResponse,
  decodeInvalidCommit,
  encodeAbort,
  encodeCoordinatorClaim,
  encodeDigestRequest,
  encodeDigestResponse,
  encodeInvalidCommit,
  isCoordinatorClaim,
  LOG_TAIL_MAX,
  OPCODES,
} from "./control-args.ts"
export type { ControlLogEntry, DigestRequest, DigestResponse, InvalidCommitReport, OpcodeName } from "./control-args.ts"
export {
  decodeControl,
  encodeControl,
  OPCODE_REDELIVERY_ANSWER,
  OPCODE_REDELIVERY_ASK,
  OPCODE_UPDATE_ASK,
} from "./control.ts"
export type { ControlMessage } from "./control.ts"
export { dropError } from "./drop-reason.ts"
export type { DropReason } from "./drop-reason.ts"
export type { EpochKeys, Membership, Opened, OpenRejection } from "./epoch-keys.ts"
export {
  decodeErrorObject,
  encodeErrorObject,
  ERROR_DETAILS_MAX_BYTES,
  ERROR_REASON_MAX_CHARACTERS,
  errorObject,
} from "./error-object.ts"
export type { ErrorObject } from "./error-object.ts"
export { ERROR_CLASS_CODES, ERROR_REGISTRY, lookupError } from "./error-registry.ts"
export type { ErrorClass, ErrorName, RegisteredError } from "./error-registry.ts"
export { FRAME_MAX_BYTES, SEQUENCE_MAX } from "./frame.ts"
export type { FrameContent, FrameHeader, FrameLimits, PayloadFormat, SealedFrame } from "./frame.ts"
export type { Arrived } from "./live/arrived.ts"
export { ENDPOINT_TRANSITIONS, endpointMayBecome } from "./live/endpoint-state.ts"
export type { EndpointState } from "./live/endpoint-state.ts"
export type { LiveControlOptions, LiveStart } from "./live/initial-state.ts"
export { LiveControl } from "./live/live-control.ts"
export type { LiveGroup, MemberChanges, StagedOwn } from "./live/live-group.ts"
export { DEFAULT_LIVE_LIMITS } from "./live/live-limits.ts"
export type { LiveLimits } from "./live/live-limits.ts"
export type { LiveEvent, LiveFrame, LiveStep } from "./live/live-state.ts"
export { DISABLED, FAILURES_TO_SUSPEND, stepSubProtocol } from "./live/sub-protocol-state.ts"
export type { SubProtocol, SubProtocolInput, SubProtocolState } from "./live/sub-protocol-state.ts"
export { TRANSITION_TRANSITIONS, transitionMayBecome } from "./live/transition-state.ts"
export type { TransitionStateName } from "./live/transition-state.ts"
export type { ChaCha20Poly1305, ExportSecret } from "./profile-1/class-keys.ts"
export { NONCE_REUSE_RISK, Profile1Endpoint } from "./profile-1/endpoint.ts"
export type { Framed1, Profile1Epoch, Profile1Options, Profile1Payload, ReceivedFrame1 } from "./profile-1/endpoint.ts"
export { decodeFrame1, encodeFrame1, FRAME_1_MAX_BYTES, PROFILE_1 } from "./profile-1/frame.ts"
export type { Profile1Frame } from "./profile-1/frame.ts"
export { decodeFrame, PROFILE_2, UnsupportedVersion } from "./profile-2.ts"
export type { PayloadCodec } from "./payload-codec.ts"
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
  memberIdOfStream,
  streamIdOf,
  streamTypeFromWire,
  streamTypeToWire,
} from "./stream.ts"
export type { StreamType } from "./stream.ts"
