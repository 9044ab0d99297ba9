/** GTP messages in Protobuf. @module */
import { DecodeError } from "@qpc/wire"
import { decodeProtobuf, encodeProtobuf } from "@qpc/wire/protobuf"
import { GtpMessageSchema } from "./gen/gbp_stack/gtp/v1/message_pb.ts"
import { BODY_MAX_BYTES, OVERHEAD_MAX_BYTES } from "./message.ts"
import type { GtpMessage, MessageCodec } from "./message.ts"

/** Payload format 1; one encoding of each message. */
export const PROTOBUF_MESSAGES: MessageCodec = {
  format: 1,
  encode: ({ body, ...message }: GtpMessage) => encodeProtobuf(GtpMessageSchema, { ...message, content: body }),
  decode: (bytes, { bodyBytes = BODY_MAX_BYTES } = {}) => {
    if (bytes.length > bodyBytes + OVERHEAD_MAX_BYTES) throw new DecodeError("too_large", 0)
    const message = decodeProtobuf(GtpMessageSchema, bytes)
    if (message.content.length > bodyBytes) throw new DecodeError("too_large", 0)
    const { messageId, senderId, timestampMs, requestId, flags, contentType, contentLength } = message
    const head = { messageId, senderId, timestampMs, requestId, flags, contentType, contentLength }
    return { ...head, body: message.content.slice() }
  },
}
