/** Counts connections, all together and by address, so that neither a crowd nor one peer takes all there is. */
export class Admission {
  readonly #most: number
  readonly #mostPerAddress: number
  readonly #counts = new Map<string, number>()
  #total = 0

  constructor(most: number, mostPerAddress: number) {
    this.#most = most
    this.#mostPerAddress = mostPerAddress
  }

  /** Takes a place for `address`. Returns what gives it back, once however often it is called; undefined if all are taken. */
  enter(address: string): (() => void) | undefined {
    const count = this.#counts.get(address) ?? 0
    if (this.#total >= this.#most || count >= this.#mostPerAddress) return undefined
    this.#total++
    this.#counts.set(address, count + 1)
    let entered = true
    return () => {
      if (!entered) return
      entered = false
      this.#leave(address)
    }
  }

  #leave(address: string): void {
    this.#total--
    const count = this.#counts.get(address)!
    if (count === 1) this.#counts.delete(address)
    else this.#counts.set(address, count - 1)
  }
}
