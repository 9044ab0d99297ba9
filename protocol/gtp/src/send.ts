import { toUtf8 } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { BODY_MAX_BYTES, CBOR_MESSAGES, contentTypeToWire, FLAG_PERSISTENT } from "./message.ts"
import type { MessageCodec, MessageLimits } from "./message.ts"

/** What {@link sendText} needs. */
export interface TextOptions {
  readonly text: string
  /** Our member id. */
  readonly senderId: number
  readonly nowMs: number
  readonly random: Random
  readonly limits?: MessageLimits
  /** The payload format. Default CBOR. */
  readonly codec?: MessageCodec
}

/** What came of a text. */
export type TextSent =
  | { readonly kind: "message"; readonly messageId: bigint; readonly payload: Uint8Array; readonly bodyBytes: number }
  | { readonly kind: "refused"; readonly reason: "too_large"; readonly bodyBytes: number }

/**
 * The way down through GTP: makes a plain, persistent text message with a new id.
 *
 * Ids are 64 random bits. Counting would need a counter that survives restarts and rejoining; two of a hundred thousand
 * messages of one sender share an id with a probability below 10^-9.
 *
 * @throws RangeError for text with lone surrogates, which has no UTF-8 encoding
 */
export function sendText(options: TextOptions): TextSent {
  if (!options.text.isWellFormed()) throw new RangeError("text with a lone surrogate has no UTF-8 encoding")
  const body = toUtf8(options.text)
  if (body.length > (options.limits?.bodyBytes ?? BODY_MAX_BYTES)) {
    return { kind: "refused", reason: "too_large", bodyBytes: body.length }
  }
  const messageId = newMessageId(options.random)
  const { codec = CBOR_MESSAGES } = options
  const payload = codec.encode({
    messageId,
    senderId: options.senderId,
    timestampMs: BigInt(options.nowMs),
    requestId: 0,
    flags: FLAG_PERSISTENT,
    contentType: contentTypeToWire("plain"),
    contentLength: body.length,
    body,
  })
  return { kind: "message", messageId, payload, bodyBytes: body.length }
}

function newMessageId(random: Random): bigint {
  const drawn = random(8)
  const messageId = new DataView(drawn.buffer, drawn.byteOffset, 8).getBigUint64(0)
  return messageId === 0n ? 1n : messageId
}
