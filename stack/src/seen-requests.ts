/** Request ids of an epoch that are remembered (GSP "Duplicates"). The oldest is forgotten first. */
const REQUESTS_MAX = 10_000

/** Which requests came: each counts once for each sender. */
export class SeenRequests {
  readonly #seen = new Set<string>()

  /** True for one that is new. */
  add(senderId: number, requestId: number): boolean {
    const key = `${senderId}/${requestId}`
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    for (const oldest of this.#seen) {
      if (this.#seen.size <= REQUESTS_MAX) break
      this.#seen.delete(oldest)
    }
    return true
  }
}
