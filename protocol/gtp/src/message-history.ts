/** What a history needs to know of a message. */
export interface KeptMessage {
  readonly senderId: number
  /** Ascending for each sender, or {@link Watermark} cannot tell what is missing. */
  readonly messageId: bigint
}

/**
 * The newest message of each sender that somebody has: what they tell to get the rest (GTP "Resynchronization").
 */
export class Watermark {
  readonly #newest = new Map<number, bigint>()

  /** How many senders it knows of. */
  get size(): number {
    return this.#newest.size
  }

  /** Notes a message that is here. Never goes back. */
  observe({ senderId, messageId }: KeptMessage): void {
    const known = this.#newest.get(senderId)
    if (known === undefined || messageId > known) this.#newest.set(senderId, messageId)
  }

  /** `undefined` for a sender of whom nothing is here. */
  newestOf(senderId: number): bigint | undefined {
    return this.#newest.get(senderId)
  }

  /** True for what is newer than everything of its sender that is here. */
  isBehind({ senderId, messageId }: KeptMessage): boolean {
    const known = this.#newest.get(senderId)
    return known === undefined || messageId > known
  }

  /** A copy. */
  snapshot(): Map<number, bigint> {
    return new Map(this.#newest)
  }

  /** For members who left. */
  forget(senderId: number): void {
    this.#newest.delete(senderId)
  }
}

/** Messages that a history keeps, if nobody says otherwise. */
export const MESSAGES_KEPT = 1000

/**
 * The last messages of a group, to hand to members who missed some (GTP "Resynchronization").
 *
 * Bounded: the oldest goes when there is no room. Whoever was away for longer gets what is left, and learns by the numbers of texts what is
 * not.
 */
export class MessageHistory<M extends KeptMessage> {
  readonly #limit: number
  /** In order of arrival. */
  readonly #messages = new Map<string, M>()

  /** @param limit - Messages to keep, at least 1. */
  constructor(limit: number = MESSAGES_KEPT) {
    if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`not a limit of messages: ${limit}`)
    this.#limit = limit
  }

  /** Messages that are kept. */
  get size(): number {
    return this.#messages.size
  }

  /** True if it is new. */
  push(message: M): boolean {
    const key = keyOf(message)
    if (this.#messages.has(key)) return false
    this.#messages.set(key, message)
    for (const oldest of this.#messages.keys()) {
      if (this.#messages.size <= this.#limit) break
      this.#messages.delete(oldest)
    }
    return true
  }

  has(message: KeptMessage): boolean {
    return this.#messages.has(keyOf(message))
  }

  /** What somebody with this watermark lacks, in the order in which it came here. */
  *since(watermark: Watermark): Generator<M> {
    for (const message of this.#messages.values()) if (watermark.isBehind(message)) yield message
  }

  /** The messages of one sender behind this one, in the order in which they came here. */
  *sinceOf(senderId: number, messageId: bigint): Generator<M> {
    for (const message of this.#messages.values()) {
      if (message.senderId === senderId && message.messageId > messageId) yield message
    }
  }

  clear(): void {
    this.#messages.clear()
  }
}

function keyOf({ senderId, messageId }: KeptMessage): string {
  return `${senderId}/${messageId}`
}
