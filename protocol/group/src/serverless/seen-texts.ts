import { DecodeError, IDENTITY_KEY_BYTES, readList, toHex, fromHex } from "@qpc/wire"
import type { IdentityKey, Reader, Writer } from "@qpc/wire"

/**
 * Texts that were shown, by who wrote them and their number. A text that was sealed again in another branch is the same text;
 * leaves do not name people across branches.
 */
export class SeenTexts {
  readonly #limit: number
  readonly #seen = new Set<string>()

  /** @param limit - Texts to remember; beyond it the oldest is forgotten. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** True the first time. */
  add(sender: IdentityKey, mid: bigint): boolean {
    const key = `${toHex(sender)}/${mid}`
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    for (const oldest of this.#seen) {
      if (this.#seen.size <= this.#limit) break
      this.#seen.delete(oldest)
    }
    return true
  }

  /** Writes a list of identity key · number u64, oldest first. */
  write(writer: Writer): void {
    writer.list([...this.#seen], (inner, key) => {
      const [sender = "", mid = ""] = key.split("/")
      inner.bytes(fromHex(sender)).uint64(BigInt(mid))
    })
  }

  /** @throws DecodeError */
  static read(reader: Reader, limit: number): SeenTexts {
    const start = reader.offset
    const seen = new SeenTexts(limit)
    const keys = readList(reader, (inner) => `${toHex(inner.bytes(IDENTITY_KEY_BYTES))}/${inner.uint64()}`)
    if (new Set(keys).size !== keys.length) throw new DecodeError("bad_value", start)
    for (const key of keys.slice(-limit)) seen.#seen.add(key)
    return seen
  }
}
