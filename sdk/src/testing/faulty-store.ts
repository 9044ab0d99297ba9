import { ClientError } from "../client-error.ts"
import type { Change, Collection, Row, RowRange, Store } from "../store.ts"

/** A store whose commits can be made to fail, or to be the last thing that happens before the machine stops. */
export class FaultyStore implements Store {
  readonly #inner: Store
  /** Commits until the crash; undefined for none. */
  #commitsLeft: number | undefined
  #isLastKept = false
  isDead = false
  commits = 0
  /** Set to fail the next commits without a crash. */
  isFull = false

  constructor(inner: Store) {
    this.#inner = inner
  }

  /** Let `commits` more succeed. The next one is the end: kept on disk or not, nobody hears of it any more. */
  crashAfter(commits: number, { keepsLast }: { readonly keepsLast: boolean }): void {
    this.#commitsLeft = commits
    this.#isLastKept = keepsLast
  }

  get(collection: Collection, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.isDead ? this.#dead() : this.#inner.get(collection, key)
  }

  list(collection: Collection, range?: RowRange): Promise<readonly Row[]> {
    return this.isDead ? this.#dead() : this.#inner.list(collection, range)
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.isDead) return this.#dead()
    // What writes nothing needs no room.
    if (this.isFull && changes.length > 0)
      throw new ClientError("store_full", "the disk is full", { nextStep: "Free some space." })
    this.commits += 1
    if (this.#commitsLeft === 0) {
      this.isDead = true
      if (this.#isLastKept) await this.#inner.commit(changes)
      return this.#dead()
    }
    if (this.#commitsLeft !== undefined) this.#commitsLeft -= 1
    await this.#inner.commit(changes)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #dead(): Promise<never> {
    throw new ClientError("store_io", "the machine stopped", { nextStep: "Start again." })
  }
}
