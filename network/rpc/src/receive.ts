import { ProtocolError } from "./protocol-error.ts"
import { CANCEL_METHOD_ID, PUSH_FLAG, PUSH_HEADER_BYTES, REQUEST_HEADER_BYTES, RESPONSE_HEADER_BYTES } from "./send.ts"
import { statusName, type StatusName } from "./status.ts"

/** What a client may send. Payloads are owned by whoever receives the frame. */
export type ClientFrame =
  | {
      readonly kind: "request"
      readonly methodId: number
      readonly requestId: number
      readonly payload: Uint8Array
    }
  /** A request whose payload is longer than the reader wants: it is skipped, not kept. */
  | {
      readonly kind: "overlong"
      readonly methodId: number
      readonly requestId: number
      readonly payloadBytes: number
    }
  | { readonly kind: "cancel"; readonly requestId: number }

/** What a server may send. Payloads are owned by whoever receives the frame. */
export type ServerFrame =
  | {
      readonly kind: "response"
      readonly status: StatusName
      readonly requestId: number
      readonly payload: Uint8Array
    }
  | { readonly kind: "push"; readonly eventId: number; readonly sequence: bigint; readonly payload: Uint8Array }

/** What some bytes added up to. After a violation there are no more frames. */
export interface Received<F> {
  /** Whole frames, in order; those before the violation included. */
  readonly frames: readonly F[]
  readonly violation?: ProtocolError
}

/** A header that was complete: how long the frame is, and how to make it of its payload. */
interface Header<F> {
  readonly headerBytes: number
  readonly payloadBytes: number
  readonly frame: (payload: Uint8Array) => F
  /** Given where the payload is not wanted: the frame without it. */
  readonly instead?: F
}

/** Undefined until `bytes` holds the whole header. */
type ReadHeader<F> = (bytes: Uint8Array) => Header<F> | ProtocolError | undefined

/** Memory kept for the next partial frame after a long one is through. */
const KEPT_BUFFER_BYTES = 64 * 1024

/**
 * Cuts the bytes of a stream into frames, however they were grouped on the way. Total: whatever arrives, it returns.
 *
 * Memory follows what has arrived, not what was announced: an announced length is checked against the limit at once,
 * and then at most twice the received part of one frame is held.
 */
export class FrameReceiver<F> {
  readonly #readHeader: ReadHeader<F>
  readonly #maxPayloadBytes: number
  #buffer = new Uint8Array(0)
  #bufferedBytes = 0
  /** What is still to come of a payload that is not wanted; nothing is buffered meanwhile. */
  #skippedBytes = 0
  #violation: ProtocolError | undefined

  constructor(readHeader: ReadHeader<F>, maxPayloadBytes: number) {
    this.#readHeader = readHeader
    this.#maxPayloadBytes = maxPayloadBytes
  }

  /** Takes the next bytes of the stream; `chunk` is not kept. */
  receive(chunk: Uint8Array): Received<F> {
    if (this.#violation) return { frames: [], violation: this.#violation }
    // Most chunks begin and end with a frame: those are read in place.
    const unread = this.#bufferedBytes === 0 ? chunk : this.#append(chunk)
    const frames: F[] = []
    let offset = this.#skip(unread.length)
    while (offset < unread.length) {
      const header = this.#readHeader(unread.subarray(offset))
      if (!header) break
      const violation = header instanceof ProtocolError ? header : this.#oversize(header)
      if (violation) return { frames, violation: this.#refuse(violation) }
      const { headerBytes, payloadBytes, frame, instead } = header as Header<F>
      if (instead !== undefined) {
        frames.push(instead)
        this.#skippedBytes = payloadBytes
        offset += headerBytes + this.#skip(unread.length - offset - headerBytes)
        continue
      }
      const end = offset + headerBytes + payloadBytes
      if (end > unread.length) break
      frames.push(frame(unread.slice(offset + headerBytes, end)))
      offset = end
    }
    this.#keep(unread, offset)
    return { frames }
  }

  /** To be called when the stream ended: a frame that stopped half-way was cut off. */
  end(): ProtocolError | undefined {
    if (!this.#violation && this.#bufferedBytes + this.#skippedBytes > 0) {
      this.#refuse(new ProtocolError("truncated", "the stream ended inside a frame"))
    }
    return this.#violation
  }

  /** Returns how many of `availableBytes` belong to a payload that is not wanted. */
  #skip(availableBytes: number): number {
    const skipped = Math.min(this.#skippedBytes, availableBytes)
    this.#skippedBytes -= skipped
    return skipped
  }

  #oversize({ payloadBytes }: Header<F>): ProtocolError | undefined {
    if (payloadBytes <= this.#maxPayloadBytes) return undefined
    return new ProtocolError("oversize", `the peer announced ${payloadBytes} bytes, over ${this.#maxPayloadBytes}`)
  }

  #refuse(violation: ProtocolError): ProtocolError {
    this.#violation = violation
    this.#buffer = new Uint8Array(0)
    this.#bufferedBytes = 0
    return violation
  }

  /** Doubles the buffer when it is full, so that a frame in one-byte chunks still costs linear time. */
  #append(chunk: Uint8Array): Uint8Array {
    const neededBytes = this.#bufferedBytes + chunk.length
    if (neededBytes > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(neededBytes, 2 * this.#buffer.length))
      grown.set(this.#buffer.subarray(0, this.#bufferedBytes))
      this.#buffer = grown
    }
    this.#buffer.set(chunk, this.#bufferedBytes)
    this.#bufferedBytes = neededBytes
    return this.#buffer.subarray(0, neededBytes)
  }

  /** Keeps what follows the last whole frame. */
  #keep(unread: Uint8Array, offset: number): void {
    const rest = unread.subarray(offset)
    if (this.#bufferedBytes === 0) {
      if (rest.length > 0) this.#append(rest)
      return
    }
    if (offset === 0) return
    this.#bufferedBytes = rest.length
    if (rest.length === 0 && this.#buffer.length > KEPT_BUFFER_BYTES) this.#buffer = new Uint8Array(0)
    else this.#buffer.copyWithin(0, offset, offset + rest.length)
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function readClientHeader(
  bytes: Uint8Array,
  keptBytesOf: (methodId: number) => number,
): Header<ClientFrame> | ProtocolError | undefined {
  if (bytes.length < REQUEST_HEADER_BYTES) return undefined
  const view = viewOf(bytes)
  const methodId = view.getUint16(0)
  const requestId = view.getUint32(2)
  const payloadBytes = view.getUint32(6)
  if (methodId !== CANCEL_METHOD_ID) {
    const frame = (payload: Uint8Array): ClientFrame => ({ kind: "request", methodId, requestId, payload })
    const header = { headerBytes: REQUEST_HEADER_BYTES, payloadBytes, frame }
    if (payloadBytes <= keptBytesOf(methodId)) return header
    return { ...header, instead: { kind: "overlong", methodId, requestId, payloadBytes } }
  }
  if (payloadBytes > 0) return new ProtocolError("malformed_frame", "a cancellation has no payload")
  return { headerBytes: REQUEST_HEADER_BYTES, payloadBytes, frame: () => ({ kind: "cancel", requestId }) }
}

function readServerHeader(bytes: Uint8Array): Header<ServerFrame> | ProtocolError | undefined {
  const view = viewOf(bytes)
  return bytes.length > 0 && (view.getUint8(0) & (PUSH_FLAG >> 8)) > 0 ? readPushHeader(view) : readResponseHeader(view)
}

function readPushHeader(view: DataView): Header<ServerFrame> | undefined {
  if (view.byteLength < PUSH_HEADER_BYTES) return undefined
  const eventId = view.getUint16(0) & ~PUSH_FLAG
  const sequence = view.getBigUint64(2)
  const frame = (payload: Uint8Array): ServerFrame => ({ kind: "push", eventId, sequence, payload })
  return { headerBytes: PUSH_HEADER_BYTES, payloadBytes: view.getUint32(10), frame }
}

function readResponseHeader(view: DataView): Header<ServerFrame> | ProtocolError | undefined {
  if (view.byteLength < RESPONSE_HEADER_BYTES) return undefined
  const code = view.getUint8(0)
  const status = statusName(code)
  if (!status) return new ProtocolError("unknown_status", `there is no status ${code}`)
  const requestId = view.getUint32(1)
  const frame = (payload: Uint8Array): ServerFrame => ({ kind: "response", status, requestId, payload })
  return { headerBytes: RESPONSE_HEADER_BYTES, payloadBytes: view.getUint32(5), frame }
}

/**
 * What a server reads with.
 *
 * @param maxPayloadBytes - A longer announcement is a violation.
 * @param keptBytesOf - How long a payload of a method may be to be kept; asked once its header is there. Default: all.
 */
export function clientFrameReceiver(
  maxPayloadBytes: number,
  keptBytesOf: (methodId: number) => number = () => maxPayloadBytes,
): FrameReceiver<ClientFrame> {
  return new FrameReceiver((bytes) => readClientHeader(bytes, keptBytesOf), maxPayloadBytes)
}

/** What a client reads with. @param maxPayloadBytes - A longer announcement is a violation. */
export function serverFrameReceiver(maxPayloadBytes: number): FrameReceiver<ServerFrame> {
  return new FrameReceiver(readServerHeader, maxPayloadBytes)
}
