/** SFrame (RFC 9605) with keys of an MLS group. @module */
export { BASE_KEY_LABEL, baseKeyExport } from "./base-key.ts"
export type { KeyExport } from "./base-key.ts"
export { decodeHeader, encodeHeader } from "./header.ts"
export type { ReadHeader, SFrameHeader } from "./header.ts"
export { CONTEXTS_MAX, decodeMlsKid, encodeMlsKid, LEAVES_MAX } from "./mls-kid.ts"
export type { MlsKid } from "./mls-kid.ts"
export { FRAMES_PER_KEY, SFrameLimitError, SFrameSender } from "./sframe-sender.ts"
export type { SFrameSenderOptions } from "./sframe-sender.ts"
export { SFrameReceiver } from "./sframe-receiver.ts"
export type { OpenedFrame } from "./sframe-receiver.ts"
export { DEFAULT_LIMITS, SFrameSession } from "./sframe-session.ts"
export type {
  ReceivedFrame,
  FrameDropReason,
  SFrameEpoch,
  SFrameLimits,
  SFrameSessionOptions,
} from "./sframe-session.ts"
