/** Group Text Protocol: text messages with ids over GBP. @module */
export { decodeAcknowledgement, encodeAcknowledgement, REASON_MAX_CHARACTERS } from "./acknowledgement.ts"
export type { Acknowledgement } from "./acknowledgement.ts"
export { AttachmentAssembler } from "./attachment-assembler.ts"
export type { Assembled, PushedChunk } from "./attachment-assembler.ts"
export {
  CHUNK_BYTES,
  decodeChunk,
  decodeManifest,
  DEFAULT_ATTACHMENT_LIMITS,
  encodeChunk,
  encodeManifest,
} from "./attachment.ts"
export type { AttachmentChunk, AttachmentLimits, AttachmentManifest } from "./attachment.ts"
export { cutAttachment } from "./cut-attachment.ts"
export type { AttachmentOptions } from "./cut-attachment.ts"
export type { DropReason } from "./drop-reason.ts"
export { MESSAGES_KEPT, MessageHistory, Watermark } from "./message-history.ts"
export type { KeptMessage } from "./message-history.ts"
export {
  BODY_MAX_BYTES,
  CBOR_MESSAGES,
  decodeMessage,
  encodeMessage,
  FLAG_EPHEMERAL,
  FLAG_PERSISTENT,
  FLAG_URGENT,
} from "./message.ts"
export type { ContentType, GtpMessage, MessageCodec, MessageLimits } from "./message.ts"
export { MessageReceiver } from "./receive.ts"
export type { ArrivedPayload, MessageHead, ReceivedMessage, ReceiverLimits } from "./receive.ts"
export { SEEN_MESSAGES } from "./seen-messages.ts"
export { sendText } from "./send.ts"
export type { TextOptions, TextSent } from "./send.ts"
