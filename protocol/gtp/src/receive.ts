import { decodeWhole, DecodeError, encode, fromUtf8 } from "@qpc/wire"
import type { RecordLog, RecordReader, StateRecord } from "@qpc/wire"
import { dropError } from "./drop-reason.ts"
import type { DropReason } from "./drop-reason.ts"
import { CBOR_MESSAGES, contentTypeFromWire, FLAGS_ASSIGNED } from "./message.ts"
import type { ContentType, GtpMessage, MessageCodec, MessageLimits } from "./message.ts"
import { SeenMessages } from "./seen-messages.ts"

/** Bounds of a receiver of messages. */
export interface ReceiverLimits extends MessageLimits {
  /** Messages that are remembered in order to recognise a duplicate. Default 10 000. */
  readonly seenMessages?: number
  /** The payload formats that are spoken. Default CBOR alone. */
  readonly codecs?: readonly MessageCodec[]
}

/** A payload that arrived on a text stream, and who sent it. */
export interface ArrivedPayload {
  /** The member id that the frame's signature stands for. */
  readonly senderId: number
  /** The frame's payload format. */
  readonly payloadFormat: number
  readonly payload: Uint8Array
}

/** What came out of a payload. */
export type ReceivedMessage =
  | (MessageHead & { readonly kind: "text"; readonly contentType: "plain" | "markdown"; readonly text: string })
  | (MessageHead & {
      readonly kind: "binary"
      readonly contentType: "binary" | "attachment"
      readonly body: Uint8Array
    })
  /** Nothing changed. `code` is the one of the error registry. */
  | { readonly kind: "drop"; readonly reason: DropReason; readonly code: number }

/** What all messages have. */
export interface MessageHead {
  readonly messageId: bigint
  readonly senderId: number
  readonly timestampMs: bigint
  readonly requestId: number
  readonly flags: number
}

/**
 * The way up through GTP. Total: whatever bytes arrive, {@link receive} returns.
 *
 * The checks, in order: payload format, encoding and size, message id, sender, flags, content type, length, UTF-8, and last
 * whether the message was seen before; only a message that is delivered is remembered.
 */
export class MessageReceiver {
  readonly #limits: ReceiverLimits
  #seen: SeenMessages

  constructor(limits: ReceiverLimits = {}) {
    this.#limits = limits
    this.#seen = new SeenMessages(limits.seenMessages)
  }

  receive(arrived: ArrivedPayload): ReceivedMessage {
    const codecs = this.#limits.codecs ?? [CBOR_MESSAGES]
    const codec = codecs.find(({ format }) => format === arrived.payloadFormat)
    if (codec === undefined) return drop("unsupported_payload_format")
    const message = this.#parse(codec, arrived.payload)
    if (typeof message === "string") return drop(message)
    if (message.messageId === 0n) return drop("malformed")
    if (message.senderId !== arrived.senderId) return drop("sender_mismatch")
    if ((message.flags & ~FLAGS_ASSIGNED) !== 0) return drop("unknown_flags")
    const contentType = contentTypeFromWire(message.contentType)
    if (contentType === undefined) return drop("unsupported_content_type")
    if (message.contentLength !== message.body.length) return drop("bad_length")

    const received = withContent(message, contentType)
    if (received === undefined) return drop("not_utf8")
    if (!this.#seen.add(message.senderId, message.messageId)) return drop("duplicate_message")
    return received
  }

  /** The messages that were seen: version u8 = 1, then as {@link SeenMessages.write}. */
  toBytes(): Uint8Array {
    return encode((writer) => this.#seen.write(writer.uint8(STATE_VERSION)))
  }

  /** @throws DecodeError for anything that {@link toBytes} did not write */
  static fromBytes(bytes: Uint8Array, limits: ReceiverLimits = {}): MessageReceiver {
    const receiver = new MessageReceiver(limits)
    receiver.#seen = decodeWhole(bytes, (reader) => {
      if (reader.uint8() !== STATE_VERSION) throw new DecodeError("reserved_value", 0)
      return SeenMessages.read(reader, limits.seenMessages)
    })
    return receiver
  }

  /** The messages that were seen, in records: see {@link fromRecords}. */
  records(): Iterable<StateRecord> {
    return this.#seen.records()
  }

  /** From now on every change is noted in this log. */
  attach(log: RecordLog): void {
    this.#seen.attach(log)
  }

  /** @throws DecodeError for anything that {@link records} did not write */
  static fromRecords(records: RecordReader, limits: ReceiverLimits = {}): MessageReceiver {
    const receiver = new MessageReceiver(limits)
    receiver.#seen = SeenMessages.fromRecords(records, limits.seenMessages)
    return receiver
  }

  #parse(codec: MessageCodec, payload: Uint8Array): GtpMessage | DropReason {
    try {
      return codec.decode(payload, this.#limits)
    } catch (error) {
      if (error instanceof DecodeError) return error.code === "too_large" ? "too_large" : "malformed"
      throw error
    }
  }
}

const STATE_VERSION = 1

function withContent(message: GtpMessage, contentType: ContentType): ReceivedMessage | undefined {
  const { messageId, senderId, timestampMs, requestId, flags, body } = message
  const head: MessageHead = { messageId, senderId, timestampMs, requestId, flags }
  if (contentType === "binary" || contentType === "attachment") return { ...head, kind: "binary", contentType, body }
  const text = fromUtf8(body)
  return text === undefined ? undefined : { ...head, kind: "text", contentType, text }
}

function drop(reason: DropReason): ReceivedMessage {
  return { kind: "drop", reason, code: dropError(reason).code }
}
