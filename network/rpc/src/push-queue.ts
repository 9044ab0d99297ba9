/** What a `PushQueue` needs. */
export interface PushQueueOptions {
  readonly maxItems: number
  readonly maxBytes: number
  /** Called when the reader leaves its loop before the end. */
  readonly onAbandoned: () => void
}

/**
 * Holds what was pushed until the one reader takes it. Bounded in number and bytes; the owner decides what a refused
 * item means.
 */
export class PushQueue<T> implements AsyncIterable<T> {
  readonly #options: PushQueueOptions
  #items: { readonly item: T; readonly sizeBytes: number }[] = []
  #queuedBytes = 0
  #end: { readonly error?: unknown } | undefined
  #wake: (() => void) | undefined
  #isRead = false

  constructor(options: PushQueueOptions) {
    this.#options = options
  }

  /** False, and nothing is kept, if the item is one too many. After an end, items vanish: nobody waits for them. */
  push(item: T, sizeBytes: number): boolean {
    if (this.#end) return true
    const { maxItems, maxBytes } = this.#options
    // One is always taken: a queue that refuses its first item would never see another.
    const isOverBytes = this.#items.length > 0 && this.#queuedBytes + sizeBytes > maxBytes
    if (this.#items.length === maxItems || isOverBytes) return false
    this.#items.push({ item, sizeBytes })
    this.#queuedBytes += sizeBytes
    this.#wake?.()
    return true
  }

  /** Lets the reader take what is there, then ends, or throws `failure.error`. The first end counts. */
  close(failure: { readonly error?: unknown } = {}): void {
    this.#end ??= failure
    this.#wake?.()
  }

  /** Throws at the reader and drops what it has not taken. */
  fail(error: unknown): void {
    if (this.#end) return
    this.#drop()
    this.close({ error })
  }

  #drop(): void {
    this.#items = []
    this.#queuedBytes = 0
  }

  /** @throws Error for a second reader: two would each get a part. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    if (this.#isRead) throw new Error("pushes have one reader")
    this.#isRead = true
    return this.#read()
  }

  async *#read(): AsyncGenerator<T, void, void> {
    let hasEnded = false
    try {
      while (true) {
        for (let next = this.#items.shift(); next; next = this.#items.shift()) {
          this.#queuedBytes -= next.sizeBytes
          yield next.item
        }
        if (this.#end) {
          hasEnded = true
          if ("error" in this.#end) throw this.#end.error
          return
        }
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.#end ??= {}
      this.#drop()
      if (!hasEnded) this.#options.onAbandoned()
    }
  }
}
