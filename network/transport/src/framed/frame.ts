/*
 * What travels in a pipe: frames of a four-byte header — kind, then a 24-bit big-endian number — and a body.
 *
 *   kind     number              body
 *   DATA     length, at least 1  that many bytes of the stream
 *   CREDIT   bytes, at least 1   none: the receiver takes that many bytes more
 *   FINISH   0                   none: no DATA follows
 *   CLOSE    length, up to 120   the reason in UTF-8; nothing follows
 *   PING     0                   none: are you alive?
 *   PONG     0                   none: I am; one may answer several PINGs
 *
 * Both sides start with INITIAL_CREDIT_BYTES. There is one encoding of each frame; anything else ends the connection.
 */

/** What each side may send before the first CREDIT arrives. */
export const INITIAL_CREDIT_BYTES = 65_536
/** The largest number a frame header carries. */
export const MAX_FRAME_NUMBER = 0xff_ffff
/** The longest reason in a CLOSE frame, in bytes. */
const MAX_REASON_BYTES = 120

const HEADER_BYTES = 4

/** Frame kinds as they are on the wire. */
export const FrameKind = { data: 1, credit: 2, finish: 3, close: 4, ping: 5, pong: 6 } as const
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

/** Writes a frame header. @throws RangeError for a number that does not fit */
export function encodeHeader(kind: FrameKind, number: number): Uint8Array {
  if (!Number.isInteger(number) || number < 0 || number > MAX_FRAME_NUMBER) {
    throw new RangeError(`a frame carries numbers up to ${MAX_FRAME_NUMBER}, not ${number}`)
  }
  return Uint8Array.of(kind, number >>> 16, (number >>> 8) & 0xff, number & 0xff)
}

/** Writes a CLOSE frame; a reason that is too long is cut between characters. */
export function encodeClose(reason: string): Uint8Array {
  const body = new Uint8Array(MAX_REASON_BYTES)
  const { written } = new TextEncoder().encodeInto(reason, body)
  const frame = new Uint8Array(HEADER_BYTES + written)
  frame.set(encodeHeader(FrameKind.close, written))
  frame.set(body.subarray(0, written), HEADER_BYTES)
  return frame
}

/** What a `FrameReader` finds. */
export interface FrameHandler {
  /** A piece of the stream: a view into what was pushed. */
  data(bytes: Uint8Array): void
  credit(bytes: number): void
  finish(): void
  close(reason: string): void
  ping(): void
  pong(): void
}

/** Cuts what a pipe delivers into frames, holding back at most one header or one reason. */
export class FrameReader {
  readonly #handler: FrameHandler
  readonly #header = new Uint8Array(HEADER_BYTES)
  #headerBytes = 0
  #dataBytes = 0
  #reason: { readonly bytes: Uint8Array; filled: number } | undefined
  #finished = false
  #closed = false

  constructor(handler: FrameHandler) {
    this.#handler = handler
  }

  /** Reads on. Total: returns what the peer did wrong, in a few words, or undefined. Stop pushing after a word. */
  push(bytes: Uint8Array): string | undefined {
    let offset = 0
    while (offset < bytes.length && !this.#closed) {
      if (this.#dataBytes > 0) {
        const data = bytes.subarray(offset, offset + this.#dataBytes)
        this.#dataBytes -= data.length
        offset += data.length
        this.#handler.data(data)
      } else if (this.#reason) {
        offset += this.#fillReason(bytes.subarray(offset))
      } else {
        this.#header[this.#headerBytes++] = bytes[offset++]!
        if (this.#headerBytes === HEADER_BYTES) {
          const violation = this.#begin()
          if (violation !== undefined) return violation
        }
      }
    }
    return undefined
  }

  #begin(): string | undefined {
    this.#headerBytes = 0
    const [kind, high, middle, low] = this.#header as unknown as [number, number, number, number]
    const number = (high << 16) | (middle << 8) | low
    switch (kind) {
      case FrameKind.data:
        if (number === 0) return "an empty frame"
        if (this.#finished) return "data after finish"
        this.#dataBytes = number
        return undefined
      case FrameKind.credit:
        if (number === 0) return "an empty credit"
        this.#handler.credit(number)
        return undefined
      case FrameKind.finish:
        if (number !== 0 || this.#finished) return "a malformed finish"
        this.#finished = true
        this.#handler.finish()
        return undefined
      case FrameKind.close:
        if (number > MAX_REASON_BYTES) return "a reason that is too long"
        this.#reason = { bytes: new Uint8Array(number), filled: 0 }
        if (number === 0) this.#endWith("")
        return undefined
      case FrameKind.ping:
        if (number !== 0) return "a malformed ping"
        this.#handler.ping()
        return undefined
      case FrameKind.pong:
        if (number !== 0) return "a malformed pong"
        this.#handler.pong()
        return undefined
      default:
        return "an unknown frame"
    }
  }

  #fillReason(bytes: Uint8Array): number {
    const reason = this.#reason!
    const part = bytes.subarray(0, reason.bytes.length - reason.filled)
    reason.bytes.set(part, reason.filled)
    reason.filled += part.length
    if (reason.filled === reason.bytes.length) this.#endWith(printable(reason.bytes))
    return part.length
  }

  #endWith(reason: string): void {
    this.#closed = true
    this.#handler.close(reason)
  }
}

/** The peer's words on their way to a log or a terminal: escape sequences and line breaks stay outside. */
function printable(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{FFFD}")
}
