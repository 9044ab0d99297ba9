import type { PayloadCodec } from "@qpc/gbp"
import { CborFields, cborUint, decodeCbor, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"

/** What the body is (GTP "Content types"): 0 plain, 1 markdown, 2 binary, 3 reference to an attachment. */
export type ContentType = "plain" | "markdown" | "binary" | "attachment"

/** Message flags. Higher bits are unassigned and refused. */
export const FLAG_URGENT = 0x01
export const FLAG_EPHEMERAL = 0x02
export const FLAG_PERSISTENT = 0x04
/** All assigned flags. */
export const FLAGS_ASSIGNED: number = FLAG_URGENT | FLAG_EPHEMERAL | FLAG_PERSISTENT

/** One message, in the specification's words. */
export interface GtpMessage {
  /** Random, never 0: (sender, message id) names the message for ever. */
  readonly messageId: bigint
  /** The member id of the sender; must agree with who signed the frame. */
  readonly senderId: number
  /** Unix milliseconds, the sender's own claim; 0 where there is none. */
  readonly timestampMs: bigint
  /** Ties an answer to a question; 0 where none is expected. */
  readonly requestId: number
  readonly flags: number
  /** As written; {@link contentTypeFromWire} says whether we know it. */
  readonly contentType: number
  /** As written; a receiver demands that it is the length of `body`. */
  readonly contentLength: number
  readonly body: Uint8Array
}

/** Bounds of one message. */
export interface MessageLimits {
  /** Length of the body in bytes. Default 1 MiB. */
  readonly bodyBytes?: number
}

/** One way to write down a message; see {@link CBOR_MESSAGES}. */
export type MessageCodec = PayloadCodec<GtpMessage, MessageLimits | undefined>

/** Length of the longest body in bytes, unless the caller says otherwise. */
export const BODY_MAX_BYTES: number = 1024 * 1024

const CONTENT_TYPES: readonly ContentType[] = ["plain", "markdown", "binary", "attachment"]
/** More than all fields beside the body can take, in any format. */
export const OVERHEAD_MAX_BYTES = 128
const UINT8_MAX = 0xff
const UINT32_MAX = 0xffff_ffff

/** The map `mid` · `sid` · `ts` · `rid` · `fl` · `ct` · `len` · `body`, in this order. @throws RangeError out of range */
export function encodeMessage(message: GtpMessage): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ["mid", cborUint(message.messageId)],
      ["sid", message.senderId],
      ["ts", cborUint(message.timestampMs)],
      ["rid", message.requestId],
      ["fl", message.flags],
      ["ct", message.contentType],
      ["len", message.contentLength],
      ["body", message.body],
    ]),
  )
}

/**
 * Reads the fields and their ranges; what they mean together is the receiver's to check. `body` is owned by the caller.
 *
 * @throws DecodeError; `too_large` above the limits
 */
export function decodeMessage(bytes: Uint8Array, limits: MessageLimits = {}): GtpMessage {
  const bodyBytes = limits.bodyBytes ?? BODY_MAX_BYTES
  const fields = new CborFields(
    decodeCbor(bytes, { sizeBytes: bodyBytes + OVERHEAD_MAX_BYTES, depth: 1, itemCount: 32 }),
  )
  const message: GtpMessage = {
    messageId: fields.uint64("mid"),
    senderId: fields.uint("sid", UINT32_MAX),
    timestampMs: fields.uint64("ts"),
    requestId: fields.uint("rid", UINT32_MAX),
    flags: fields.uint("fl", UINT8_MAX),
    contentType: fields.uint("ct", UINT8_MAX),
    contentLength: fields.uint("len", UINT32_MAX),
    body: fields.bytes("body", bodyBytes),
  }
  fields.end()
  return message
}

/** Payload format 0, the default. */
export const CBOR_MESSAGES: MessageCodec = { format: 0, encode: encodeMessage, decode: decodeMessage }

/** A content type as a number. */
export function contentTypeToWire(type: ContentType): number {
  return CONTENT_TYPES.indexOf(type)
}

/** `undefined` for a number that is not assigned. */
export function contentTypeFromWire(wireType: number): ContentType | undefined {
  return CONTENT_TYPES[wireType]
}
