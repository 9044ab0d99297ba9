/** GTP messages in FlatBuffers. @module */
import { checkFlatTable, DecodeError } from "@qpc/wire"
import type { FlatField } from "@qpc/wire"
import { Builder, ByteBuffer } from "flatbuffers"
import { GtpMessage as Table } from "./gen/flatbuffers/gtp/gtp-message.ts"
import { BODY_MAX_BYTES, OVERHEAD_MAX_BYTES } from "./message.ts"
import type { GtpMessage, MessageCodec } from "./message.ts"

/** Payload format 2. A message has many layouts; all that are valid are read. */
export const FLATBUFFERS_MESSAGES: MessageCodec = {
  format: 2,
  encode: (message) => {
    const builder = new Builder(message.body.length + OVERHEAD_MAX_BYTES)
    // An empty vector is left out, as Protobuf leaves out what is empty.
    const body = message.body.length === 0 ? 0 : Table.createBodyVector(builder, message.body)
    builder.finish(writeTable(builder, message, body))
    return builder.asUint8Array().slice()
  },
  decode: (bytes, { bodyBytes = BODY_MAX_BYTES } = {}) => {
    checkFlatTable(bytes, FIELDS, bodyBytes + OVERHEAD_MAX_BYTES)
    const table = Table.getRootAsGtpMessage(new ByteBuffer(bytes))
    if (table.bodyLength() > bodyBytes) throw new DecodeError("too_large", 0)
    return {
      messageId: table.messageId(),
      senderId: table.senderId(),
      timestampMs: table.timestampMs(),
      requestId: table.requestId(),
      flags: table.flags(),
      contentType: table.contentType(),
      contentLength: table.contentLength(),
      body: table.bodyArray()?.slice() ?? new Uint8Array(0),
    }
  },
}

const FIELDS: readonly FlatField[] = [8, 4, 8, 4, 4, 4, 4, "bytes"]

function writeTable(builder: Builder, message: GtpMessage, body: number): number {
  return Table.createGtpMessage(
    builder,
    message.messageId,
    message.senderId,
    message.timestampMs,
    message.requestId,
    message.flags,
    message.contentType,
    message.contentLength,
    body,
  )
}
