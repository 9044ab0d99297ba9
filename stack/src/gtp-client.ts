import { CBOR_MESSAGES, FLAG_URGENT, MessageReceiver, SEEN_MESSAGES } from "@qpc/gtp"
import type { GtpMessage, MessageCodec } from "@qpc/gtp"
import { FLATBUFFERS_MESSAGES } from "@qpc/gtp/flatbuffers"
import { PROTOBUF_MESSAGES } from "@qpc/gtp/protobuf"
import { decodedOrUndefined, fromUtf8, toUtf8 } from "@qpc/wire"
import { acceptError, unknownOrigin } from "./accept-error.ts"
import type { GroupNode } from "./group-node.ts"
import type { OutboundFrame } from "./outbound-frame.ts"
import type { MlsContext } from "./mls-context.ts"
import { originOf } from "./origin.ts"
import { PayloadCodec } from "./payload-codec.ts"
import { StreamType } from "./stream-type.ts"

/** What became of a text. */
export interface GtpAcceptResult {
  /** `duplicate` is not an error: the message came before. `error`: see `reason` and `code`. */
  readonly status: "new" | "duplicate" | "error"
  /** Member id, the same as the frame's. */
  readonly sender?: number
  readonly messageId?: bigint
  /** Absent for binary content. */
  readonly text?: string
  /** Of binary content, and of references to attachments. */
  readonly body?: Uint8Array
  readonly reason?: string
  /** Of the error registry. */
  readonly code?: number
}

const CODECS: readonly MessageCodec[] = [CBOR_MESSAGES, PROTOBUF_MESSAGES, FLATBUFFERS_MESSAGES]

/** Text of a group (GTP): sends it, and takes it in once. */
export class GtpClient implements Disposable {
  #receiver = newReceiver()
  #epoch: bigint | undefined

  private constructor() {}

  static create(): GtpClient {
    return new GtpClient()
  }

  /**
   * Sends a plain text.
   *
   * @param messageId - 64 bits, not 0: names the message, together with its sender, in this epoch.
   * @throws RangeError for an id that is none, or text with lone surrogates; StackError as `GroupNode.sendPayload`
   */
  send(
    node: GroupNode,
    mls: MlsContext,
    target: number,
    messageId: bigint,
    text: string,
    codec: PayloadCodec = PayloadCodec.Cbor,
  ): OutboundFrame {
    if (messageId <= 0n || messageId >= 2n ** 64n)
      throw new RangeError(`a message id has 64 bits and is not 0: ${messageId}`)
    if (!text.isWellFormed()) throw new RangeError("text with a lone surrogate has no UTF-8 encoding")
    const body = toUtf8(text)
    // Flags and time as the published stack writes them.
    const about = { timestampMs: 0n, requestId: 0, flags: FLAG_URGENT, contentType: 0, contentLength: body.length }
    const payload = codecOf(codec).encode({ messageId, senderId: node.memberId, ...about, body })
    return node.sendPayload(mls, target, StreamType.Text, payload, codec)
  }

  /**
   * Takes in the `plaintext` of an event of a node. Total: it returns, whatever is in it.
   *
   * The sender that the message names has to be the one whose frame it came in; the payload has to be the very object of the event,
   * for a copy tells nothing of that.
   *
   * @param currentEpoch - `MlsContext.epoch`. In a new epoch message ids begin anew.
   * @param codec - Default what the frame says.
   */
  accept(plaintext: Uint8Array, currentEpoch: bigint | number, codec?: PayloadCodec): GtpAcceptResult {
    this.#enter(BigInt(currentEpoch))
    const origin = originOf(plaintext, "text")
    if (origin?.memberId === undefined) return unknownOrigin()
    const payloadFormat = codec ?? origin.payloadFormat
    const received = this.#receiver.receive({ senderId: origin.memberId, payloadFormat, payload: plaintext })
    if (received.kind === "drop") {
      if (received.reason === "duplicate_message") return duplicateOf(plaintext, payloadFormat)
      return acceptError(received.reason, received)
    }
    const { senderId: sender, messageId } = received
    const content = received.kind === "text" ? { text: received.text } : { body: received.body }
    return { status: "new", sender, messageId, ...content }
  }

  /** Forgets which messages came. */
  reset(): void {
    this.#receiver = newReceiver()
    this.#epoch = undefined
  }

  /** Does what {@link reset} does. */
  close(): void {
    this.reset()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #enter(epoch: bigint): void {
    if (this.#epoch !== undefined && this.#epoch !== epoch) this.#receiver = newReceiver()
    this.#epoch = epoch
  }
}

function newReceiver(): MessageReceiver {
  return new MessageReceiver({ codecs: CODECS, seenMessages: SEEN_MESSAGES })
}

/** @throws RangeError for a number that is no codec */
function codecOf(codec: number): MessageCodec {
  const found = CODECS.find(({ format }) => format === codec)
  if (found === undefined) throw new RangeError(`not a payload codec: ${codec}`)
  return found
}

/** The receiver says only that it came before; it was decoded to know that. */
function duplicateOf(plaintext: Uint8Array, payloadFormat: number): GtpAcceptResult {
  const message: GtpMessage | undefined = decodedOrUndefined(() => codecOf(payloadFormat).decode(plaintext, undefined))
  if (message === undefined) throw new Error("unreachable: it was decoded before")
  const text = fromUtf8(message.body)
  const head = { status: "duplicate", sender: message.senderId, messageId: message.messageId } as const
  return text === undefined ? head : { ...head, text }
}
