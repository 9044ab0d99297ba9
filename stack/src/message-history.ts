import { MessageHistory as KeptMessages, Watermark as Newest } from "@qpc/gtp"

/** A text in a {@link MessageHistory}. */
export interface MessageEntry {
  readonly senderId: number
  /** Ascending for each sender, or a {@link Watermark} cannot tell what is missing. */
  readonly messageId: bigint
  readonly text: string
}

/** The newest message of each sender that somebody has: what they tell to get the rest. */
export class Watermark {
  #newest = new Newest()

  get size(): number {
    return this.#newest.size
  }

  /** Notes a message that is here. Never goes back. */
  observe(senderId: number, messageId: bigint): void {
    this.#newest.observe({ senderId, messageId })
  }

  /** `null` for a sender of whom nothing is here. */
  lastSeen(senderId: number): bigint | null {
    return this.#newest.newestOf(senderId) ?? null
  }

  /** A copy. */
  snapshot(): Map<number, bigint> {
    return this.#newest.snapshot()
  }

  clear(): void {
    this.#newest = new Newest()
  }
}

/** The last texts of a group, to hand to members who missed some. The oldest goes when there is no room. */
export class MessageHistory {
  readonly #kept: KeptMessages<MessageEntry>

  /** @param capacity - Texts to keep. @throws RangeError below 1 */
  constructor(capacity: number) {
    this.#kept = new KeptMessages(capacity)
  }

  get length(): number {
    return this.#kept.size
  }

  /** True if it is new. */
  push({ senderId, messageId, text }: MessageEntry): boolean {
    return this.#kept.push({ senderId, messageId, text })
  }

  contains(senderId: number, messageId: bigint): boolean {
    return this.#kept.has({ senderId, messageId })
  }

  /** What somebody with this watermark lacks, in the order in which it came here. */
  *since(watermark: Watermark): Iterable<MessageEntry> {
    for (const entry of this.#kept.since(new Newest())) {
      const seen = watermark.lastSeen(entry.senderId)
      if (seen === null || entry.messageId > seen) yield entry
    }
  }

  /** The texts of one sender behind this one. */
  sinceForSender(senderId: number, sinceMessageId: bigint): Iterable<MessageEntry> {
    return this.#kept.sinceOf(senderId, sinceMessageId)
  }

  clear(): void {
    this.#kept.clear()
  }
}
