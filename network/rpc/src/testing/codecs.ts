import { concatBytes } from "@qpc/wire"
import { clientFrameReceiver, serverFrameReceiver } from "../receive.ts"
import type { ClientFrame, FrameReceiver, ServerFrame } from "../receive.ts"
import { encodeCancel, encodePush, encodeRequest, encodeResponse } from "../send.ts"

/** The decoder of one direction of frames. */
export interface FrameCodec {
  readonly samples: readonly Uint8Array[]
  /** Decodes a stream of frames and encodes them again; `undefined` if the stream is refused or ends within a frame. */
  readonly rewrite: (bytes: Uint8Array) => Uint8Array | undefined
}

const PAYLOAD_LIMIT_BYTES = 1024
const payload = new Uint8Array(20).fill(7)

/** Frames that clients send. */
export const clientFrames: FrameCodec = {
  samples: [encodeRequest(200, 7, payload), encodeRequest(802, 8, new Uint8Array(0)), encodeCancel(7)],
  rewrite: (bytes) => rewritten(clientFrameReceiver(PAYLOAD_LIMIT_BYTES), bytes, encodeClientFrame),
}

/** Frames that servers send. */
export const serverFrames: FrameCodec = {
  samples: [encodeResponse("ok", 7, payload), encodeResponse("unavailable", 8, payload), encodePush(1, 2n, payload)],
  rewrite: (bytes) => rewritten(serverFrameReceiver(PAYLOAD_LIMIT_BYTES), bytes, encodeServerFrame),
}

function rewritten<F>(
  receiver: FrameReceiver<F>,
  bytes: Uint8Array,
  encodeFrame: (frame: F) => Uint8Array,
): Uint8Array | undefined {
  const { frames, violation } = receiver.receive(bytes)
  if (violation !== undefined || receiver.end() !== undefined) return undefined
  return concatBytes(...frames.map(encodeFrame))
}

function encodeClientFrame(frame: ClientFrame): Uint8Array {
  if (frame.kind === "cancel") return encodeCancel(frame.requestId)
  if (frame.kind === "overlong") throw new Error("unreachable: an overlong frame is reported only where it is allowed")
  return encodeRequest(frame.methodId, frame.requestId, frame.payload)
}

function encodeServerFrame(frame: ServerFrame): Uint8Array {
  if (frame.kind === "push") return encodePush(frame.eventId, frame.sequence, frame.payload)
  return encodeResponse(frame.status, frame.requestId, frame.payload)
}
