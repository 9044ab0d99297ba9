import type { PayloadFormat } from "./frame.ts"

/**
 * One way to write down the messages of a protocol above GBP. What they mean is the same in all of them.
 *
 * @typeParam Limits - Bounds of one message, checked before memory is taken.
 */
export interface PayloadCodec<Message, Limits = void> {
  readonly format: PayloadFormat
  encode(message: Message): Uint8Array
  /** Byte strings of the result are owned by the caller. @throws DecodeError */
  decode(bytes: Uint8Array, limits: Limits): Message
}
