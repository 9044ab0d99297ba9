/** Below this many changes a copy of the base is never worth it. */
const SMALLEST_COMPACTION = 64

/**
 * Counts how often values occur, and is cheap to fork: a fork shares the counts and keeps only what changed since.
 *
 * Forking costs the square root of the size, amortised. For the capabilities of members (RFC 9420 §7.3), which would otherwise
 * need a walk over the whole tree for each commit.
 */
export class Multiset<T extends string | number> {
  /** Never written once it is shared. */
  #base: Map<T, number>
  #baseIsShared: boolean
  /** Counts that replace those of the base; 0 for what is gone. */
  readonly #changes: Map<T, number>
  #repeatedCount: number

  private constructor(base: Map<T, number>, baseIsShared: boolean, changes: Map<T, number>, repeatedCount: number) {
    this.#base = base
    this.#baseIsShared = baseIsShared
    this.#changes = changes
    this.#repeatedCount = repeatedCount
  }

  static empty<T extends string | number>(): Multiset<T> {
    return new Multiset(new Map<T, number>(), false, new Map<T, number>(), 0)
  }

  /** How many values occur more than once. */
  get repeatedCount(): number {
    return this.#repeatedCount
  }

  count(value: T): number {
    return this.#changes.get(value) ?? this.#base.get(value) ?? 0
  }

  has(value: T): boolean {
    return this.count(value) > 0
  }

  add(value: T): void {
    const count = this.count(value) + 1
    if (count === 2) this.#repeatedCount++
    this.#set(value, count)
  }

  remove(value: T): void {
    const count = this.count(value) - 1
    if (count < 0) throw new Error("unreachable: a value is removed that was never added")
    if (count === 1) this.#repeatedCount--
    this.#set(value, count)
  }

  /** The different values, in no order. */
  *values(): Generator<T> {
    for (const value of this.#base.keys()) if (this.has(value)) yield value
    for (const [value, count] of this.#changes) if (count > 0 && !this.#base.has(value)) yield value
  }

  /** An independent multiset of the same contents. */
  fork(): Multiset<T> {
    if (this.#changes.size > Math.max(SMALLEST_COMPACTION, 2 * Math.sqrt(this.#base.size))) this.#compact()
    this.#baseIsShared = true
    return new Multiset(this.#base, true, new Map(this.#changes), this.#repeatedCount)
  }

  #set(value: T, count: number): void {
    if (this.#baseIsShared) this.#changes.set(value, count)
    else if (count > 0) this.#base.set(value, count)
    else this.#base.delete(value)
  }

  #compact(): void {
    const base = new Map(this.#base)
    for (const [value, count] of this.#changes) {
      if (count > 0) base.set(value, count)
      else base.delete(value)
    }
    this.#base = base
    this.#changes.clear()
  }
}
