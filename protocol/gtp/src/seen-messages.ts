import { DecodeError, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** How many messages are remembered, unless the caller says otherwise. */
export const SEEN_MESSAGES = 10_000

/**
 * Remembers the newest messages by (sender, message id), across epochs, so that one that was sealed twice is shown once.
 * Beyond the limit the oldest is forgotten.
 */
export class SeenMessages {
  readonly #limit: number
  /** In order of arrival. */
  readonly #seen = new Set<string>()

  /** @param limit - Messages to remember. 0 leaves recognising duplicates to whoever stores the messages. */
  constructor(limit: number = SEEN_MESSAGES) {
    if (!Number.isSafeInteger(limit) || limit < 0) throw new RangeError(`not a limit: ${limit}`)
    this.#limit = limit
  }

  /** True the first time. Call it only for a message that is delivered otherwise. */
  add(senderId: number, messageId: bigint): boolean {
    const key = `${senderId}/${messageId}`
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    this.#forgetOldest()
    return true
  }

  /** Writes a list of sender id u32 · message id u64, oldest first. */
  write(writer: Writer): void {
    writer.list([...this.#seen], (inner, key) => {
      const slash = key.indexOf("/")
      inner.uint32(Number(key.slice(0, slash))).uint64(BigInt(key.slice(slash + 1)))
    })
  }

  /** Restores what {@link write} wrote, as far as `limit` allows. @throws DecodeError */
  static read(reader: Reader, limit?: number): SeenMessages {
    const seen = new SeenMessages(limit)
    const keys = readList(reader, (inner) => `${inner.uint32()}/${inner.uint64()}`)
    for (const key of keys) seen.#seen.add(key)
    if (seen.#seen.size !== keys.length) throw new DecodeError("bad_value", reader.offset)
    seen.#forgetOldest()
    return seen
  }

  #forgetOldest(): void {
    for (const oldest of this.#seen) {
      if (this.#seen.size <= this.#limit) return
      this.#seen.delete(oldest)
    }
  }
}
