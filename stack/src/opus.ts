/**
 * The Opus codec (RFC 6716) as calls of the Group Protocol Stack use it: 48 kHz, packets of 20 ms. The reference
 * implementation as WebAssembly, in Node and browsers alike.
 *
 * @module
 */
export { FRAME_MS, FRAME_SAMPLES } from "@qpc/gap"
export { OpusDecoder } from "./opus-decoder.ts"
export { OpusEncoder } from "./opus-encoder.ts"
export type { OpusEncoderOptions } from "./opus-encoder.ts"
export { OpusError } from "./opus-error.ts"
export type { OpusErrorCode } from "./opus-error.ts"
export { OpusPlayer } from "./opus-player.ts"
export type { PlayableFrame, PlayedTurn, PlayerFigures } from "./opus-player.ts"
export { toFloat32, toInt16 } from "./pcm.ts"
export type { Pcm } from "./pcm.ts"
