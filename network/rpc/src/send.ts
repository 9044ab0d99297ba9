import { statuses, type StatusName } from "./status.ts"

/** The number that stands in the place of a method when a request is taken back. */
export const CANCEL_METHOD_ID = 0
/** `method_id u16 | request_id u32 | payload_len u32`. */
export const REQUEST_HEADER_BYTES = 10
/** `status u8 | request_id u32 | payload_len u32`. */
export const RESPONSE_HEADER_BYTES = 9
/** `event_id u16 | sequence u64 | payload_len u32`. */
export const PUSH_HEADER_BYTES = 14
/** The top bit of `event_id`: the first byte of a response is a status below 0x80, so one byte tells the two apart. */
export const PUSH_FLAG = 0x8000

function frame(headerBytes: number, payload: Uint8Array): [Uint8Array, DataView] {
  const bytes = new Uint8Array(headerBytes + payload.length)
  bytes.set(payload, headerBytes)
  return [bytes, new DataView(bytes.buffer)]
}

/** One request from a client (messenger §2), big-endian. */
export function encodeRequest(methodId: number, requestId: number, payload: Uint8Array): Uint8Array {
  const [bytes, view] = frame(REQUEST_HEADER_BYTES, payload)
  view.setUint16(0, methodId)
  view.setUint32(2, requestId)
  view.setUint32(6, payload.length)
  return bytes
}

/** Takes a request back. The server still answers it, so that the client knows when its id is free again. */
export function encodeCancel(requestId: number): Uint8Array {
  return encodeRequest(CANCEL_METHOD_ID, requestId, new Uint8Array(0))
}

/** The one answer to a request (messenger §2). */
export function encodeResponse(status: StatusName, requestId: number, payload: Uint8Array): Uint8Array {
  const [bytes, view] = frame(RESPONSE_HEADER_BYTES, payload)
  view.setUint8(0, statuses[status].code)
  view.setUint32(1, requestId)
  view.setUint32(5, payload.length)
  return bytes
}

/** One push from a server (messenger §2, "ours"). */
export function encodePush(eventId: number, sequence: bigint, payload: Uint8Array): Uint8Array {
  const [bytes, view] = frame(PUSH_HEADER_BYTES, payload)
  view.setUint16(0, PUSH_FLAG | eventId)
  view.setBigUint64(2, sequence)
  view.setUint32(10, payload.length)
  return bytes
}
