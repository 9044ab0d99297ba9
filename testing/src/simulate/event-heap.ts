/** One thing that is going to happen. */
export interface Scheduled {
  readonly atMs: number
  readonly happen: () => void
  /** Set by {@link EventHeap.add}. */
  order: number
}

/** What is going to happen, the earliest first; at the same time, in the order in which it was added. */
export class EventHeap {
  readonly #heap: Scheduled[] = []
  #added = 0

  get size(): number {
    return this.#heap.length
  }

  /** When the next thing happens. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.atMs
  }

  add(atMs: number, happen: () => void): void {
    const entry: Scheduled = { atMs, happen, order: this.#added++ }
    this.#heap.push(entry)
    let at = this.#heap.length - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, this.#heap[parent]!)) break
      this.#heap[at] = this.#heap[parent]!
      at = parent
    }
    this.#heap[at] = entry
  }

  /** Takes out the next one. */
  take(): Scheduled | undefined {
    const [first] = this.#heap
    const last = this.#heap.pop()
    if (first === undefined || last === undefined || this.#heap.length === 0) return first
    this.#sink(last)
    return first
  }

  #sink(entry: Scheduled): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, entry)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = entry
  }
}

const isBefore = (a: Scheduled, b: Scheduled): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
