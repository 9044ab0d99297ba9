import { MESSAGE_ID_BYTES, readList, toMessageId } from "@qpc/wire"
import type { MessageId, Reader, Writer } from "@qpc/wire"

/** A text that is written and not sealed yet. */
export interface HeldText {
  readonly messageId: MessageId
  /** What the text layer calls it. */
  readonly mid: bigint
  readonly sentAtMs: number
  /** The GTP message. */
  readonly payload: Uint8Array
}

/** Bounds of what may be held. */
export interface HeldTextLimits {
  readonly heldTexts: number
  readonly heldTextBytes: number
}

/** Our own texts that wait for a commit, because nothing may be sealed while a proposal waits for one (RFC 9420 §12.4). */
export class HeldTexts {
  #texts: HeldText[] = []

  get count(): number {
    return this.#texts.length
  }

  /** Takes ownership. `false` if there is no room. */
  add(text: HeldText, { heldTexts, heldTextBytes }: HeldTextLimits): boolean {
    const heldBytes = this.#texts.reduce((sum, { payload }) => sum + payload.length, 0)
    if (this.#texts.length >= heldTexts || heldBytes + text.payload.length > heldTextBytes) return false
    this.#texts.push(text)
    return true
  }

  /** Writes all anew. @param rewritten - of a payload */
  rewrite(rewritten: (payload: Uint8Array) => Uint8Array): void {
    this.#texts = this.#texts.map((text) => ({ ...text, payload: rewritten(text.payload) }))
  }

  /** Takes all out, oldest first. */
  takeAll(): readonly HeldText[] {
    return this.#texts.splice(0)
  }

  /** Writes a list of message id · mid u64 · sent u64 ms · payload<V>, oldest first. */
  write(writer: Writer): void {
    writer.list(this.#texts, (inner, { messageId, mid, sentAtMs, payload }) => {
      inner.bytes(messageId).uint64(mid).uint64(BigInt(sentAtMs)).vector(payload)
    })
  }

  /** @throws DecodeError */
  static read(reader: Reader): HeldTexts {
    const read = new HeldTexts()
    read.#texts = readList(reader, (inner) => ({
      messageId: toMessageId(inner.bytes(MESSAGE_ID_BYTES).slice()),
      mid: inner.uint64(),
      sentAtMs: Number(inner.uint64()),
      payload: inner.vector().slice(),
    }))
    return read
  }
}
