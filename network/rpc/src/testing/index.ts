/** What tests of anything that calls or serves need. @module */
export { decodeMessage as decodeRpcMessage, encodeMessage as encodeRpcMessage } from "../codec.ts"
export { clientFrames, serverFrames } from "./codecs.ts"
export type { FrameCodec } from "./codecs.ts"
export { refuseAll } from "./refuse-all.ts"
export { turns, until } from "./until.ts"
export { VirtualClock } from "./virtual-clock.ts"
