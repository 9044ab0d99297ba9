/**
 * Keeps what was made of a key under a name, and forgets the least recently used beyond a limit.
 *
 * On Node importing an Ed25519 or X25519 private key costs as much as using it, so a program that signs a hundred times
 * with one key would pay double.
 */
export class KeyCache<T> {
  readonly #limit: number
  readonly #release: ((entry: T) => void) | undefined
  /** Least recently used first. */
  readonly #entries = new Map<string, T>()
  /** The last of the entries: a program that keeps using one key reorders nothing. */
  #newest: string | undefined

  /**
   * @param release - Told of each entry that is forgotten, to zero it. Whoever holds one must not use it after that.
   * @throws RangeError unless `limit` is a positive integer
   */
  constructor(limit: number, release?: (entry: T) => void) {
    if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError("a key cache holds at least one key")
    this.#limit = limit
    this.#release = release
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
        this.forget(oldest)
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
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    this.#entries.delete(name)
    if (name === this.#newest) this.#newest = undefined
    this.#release?.(entry)
  }

  clear(): void {
    for (const name of this.#entries.keys()) this.forget(name)
  }

  #keep(name: string, entry: T): void {
    this.#entries.set(name, entry)
    this.#newest = name
  }
}
