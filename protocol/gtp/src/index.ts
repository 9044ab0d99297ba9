/** Group Text Protocol: text messages with ids over GBP. @module */
export type { DropReason } from "./drop-reason.ts"
export {
  BODY_MAX_BYTES,
  decodeMessage,
  encodeMessage,
  FLAG_EPHEMERAL,
  FLAG_PERSISTENT,
  FLAG_URGENT,
} from "./message.ts"
export type { ContentType, GtpMessage, MessageLimits } from "./message.ts"
export { MessageReceiver } from "./receive.ts"
export type { ArrivedPayload, MessageHead, ReceivedMessage, ReceiverLimits } from "./receive.ts"
export { SEEN_MESSAGES } from "./seen-messages.ts"
export { sendText } from "./send.ts"
export type { TextOptions, TextSent } from "./send.ts"
