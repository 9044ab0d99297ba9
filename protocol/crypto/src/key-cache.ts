/**
 * Keeps what was made of a key under a name, and forgets the least recently used beyond a limit.
 *
 * On Node importing an Ed25519 or X25519 private key costs as much as using it, so a program that signs a hundred times
 * with one key would pay double.
 */
export class KeyCache<T> {
  readonly #limit: number
  /** Least recently used first. */
  readonly #entries = new Map<string, T>()
  /** The last of the entries: a program that keeps using one key reorders nothing. */
  #newest: string | undefined

  /** @throws RangeError unless `limit` is a positive integer */
  constructor(limit: number) {
    if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError("a key cache holds at least one key")
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  /** What `make` answers with `undefined` is not kept. */
  of(name: string, make: () => T): T
  of(name: string, make: () => T | undefined): T | undefined
  of(name: string, make: () => T | undefined): T | undefined {
    const kept = this.#entries.get(name)
    if (kept !== undefined) {
      if (name !== this.#newest) {
        this.#entries.delete(name)
        this.#keep(name, kept)
      }
      return kept
    }
    const made = make()
    if (made === undefined) return undefined
    if (this.#entries.size === this.#limit) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    this.#keep(name, made)
    return made
  }

  peek(name: string): T | undefined {
    return this.#entries.get(name)
  }

  forget(name: string): void {
    this.#entries.delete(name)
    if (name === this.#newest) this.#newest = undefined
  }

  clear(): void {
    this.#entries.clear()
    this.#newest = undefined
  }

  #keep(name: string, entry: T): void {
    this.#entries.set(name, entry)
    this.#newest = name
  }
}
