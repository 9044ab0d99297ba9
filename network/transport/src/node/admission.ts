import { networkOf } from "./network-of.ts"
import { formatHostPort } from "./host-port.ts"

/** Counts connections, all together and by `networkOf` their address, so that neither a crowd nor one peer takes all. */
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
    const network = networkOf(formatHostPort(address, 0))
    const count = this.#counts.get(network) ?? 0
    if (this.#total >= this.#most || count >= this.#mostPerAddress) return undefined
    this.#total++
    this.#counts.set(network, count + 1)
    let entered = true
    return () => {
      if (!entered) return
      entered = false
      this.#leave(network)
    }
  }

  #leave(network: string): void {
    this.#total--
    const count = this.#counts.get(network)!
    if (count === 1) this.#counts.delete(network)
    else this.#counts.set(network, count - 1)
  }
}
