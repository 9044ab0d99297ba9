/** Group Audio Protocol: audio payloads, reordering and playout over GBP. @module */
export { AudioKeys, SEAL_AFTER_MS } from "./audio-keys.ts"
export type { AudioEpoch, AudioKeysOptions, AudioOpenRejection, OpenedAudio } from "./audio-keys.ts"
export { dropError } from "./drop-reason.ts"
export type { DropReason, FrameDropReason } from "./drop-reason.ts"
export { FRAMES_KEPT, JitterBuffer } from "./jitter-buffer.ts"
export type { Pushed, Sequenced } from "./jitter-buffer.ts"
export { CBOR_AUDIO, decodeAudio, encodeAudio, OPUS_MAX_BYTES } from "./payload.ts"
export type { AudioCodec, AudioPayload } from "./payload.ts"
export { DEFAULT_PLAYOUT, FRAME_MS, FRAME_SAMPLES, Playout } from "./playout.ts"
export type { PlayoutFigures, PlayoutLimits, TimedFrame, Turn } from "./playout.ts"
export { AudioFrameReceiver, AudioReceiver, readAudioFrame } from "./receive.ts"
export type {
  ArrivedAudio,
  AudioFrameReceiverOptions,
  AudioLimits,
  ReceivedAudio,
  ReceivedAudioFrame,
} from "./receive.ts"
export { AudioSender, AudioSource } from "./send.ts"
export type { AudioSourceOptions, AudioSurroundings, FramedAudio } from "./send.ts"
export { isSourceOfMember, mediaSourceIdOf } from "./source-id.ts"
