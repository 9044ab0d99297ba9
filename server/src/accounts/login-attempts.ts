import type { ServerLimits } from "../server-limits.ts"
import { SlidingWindow } from "../sliding-window.ts"
import type { Admission } from "../sliding-window.ts"

type Limits = Pick<ServerLimits, "loginsFromAddress" | "loginsOfName" | "loginsOfNameAnywhere" | "rateKeys">

/**
 * Slows down who guesses passwords without letting them lock out whose passwords they are.
 *
 * Attempts are counted by address, by name and address, and by name. The last alone would let anybody keep a person
 * out: it is generous, and it does not apply to addresses from which that person has logged in before. Those are
 * remembered while the process lives, `rateKeys` of them, the longest unused forgotten first.
 */
export class LoginAttempts {
  readonly #fromAddress: SlidingWindow
  readonly #ofName: SlidingWindow
  readonly #ofNameAnywhere: SlidingWindow
  readonly #familiar = new Set<string>()
  readonly #familiarLimit: number

  constructor(limits: Limits, nowMs: () => number) {
    const bounds = { keysLimit: limits.rateKeys, nowMs }
    this.#fromAddress = new SlidingWindow(limits.loginsFromAddress, bounds)
    this.#ofName = new SlidingWindow(limits.loginsOfName, bounds)
    this.#ofNameAnywhere = new SlidingWindow(limits.loginsOfNameAnywhere, bounds)
    this.#familiarLimit = limits.rateKeys
  }

  /** Counts an attempt, unless it is one too many: then it costs nobody anything. @param name - a username's key */
  take(name: string, address: string): Admission {
    const ofAddress = this.#fromAddress.take(address)
    if (!ofAddress.admitted) return ofAddress
    const pair = pairOf(name, address)
    const ofName = this.#ofName.take(pair)
    const refused = ofName.admitted && !this.#familiar.has(pair) ? this.#ofNameAnywhere.take(name) : ofName
    if (refused.admitted) return refused
    this.#fromAddress.giveBack(address)
    if (ofName.admitted) this.#ofName.giveBack(pair)
    return refused
  }

  /** The attempt was the person's own. */
  succeeded(name: string, address: string): void {
    const pair = pairOf(name, address)
    this.#fromAddress.giveBack(address)
    this.#ofName.giveBack(pair)
    if (!this.#familiar.delete(pair)) this.#ofNameAnywhere.giveBack(name)
    this.#familiar.add(pair)
    if (this.#familiar.size <= this.#familiarLimit) return
    for (const oldest of this.#familiar) {
      this.#familiar.delete(oldest)
      return
    }
  }
}

/** Neither part holds a space. */
const pairOf = (name: string, address: string): string => `${address} ${name}`
