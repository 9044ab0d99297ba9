import { PrefixReader, withPrefix } from "@qpc/transport"
import type { Carrier, Clock } from "./carrier.ts"

const LOSS = 0.2
const DELAY_MIN_MS = 5
const DELAY_SPREAD_MS = 75
const RESEND_MS = 200
const LCG_FACTOR = 1_664_525
const LCG_STEP = 1_013_904_223

/**
 * A network in virtual time: bytes take 5 to 80 ms, every fifth parcel is lost and sent again 200 ms later, and what arrives comes in
 * pieces, as over TCP. The seed decides everything.
 */
export class SimulatedCarrier implements Carrier {
  readonly name = "simulated"
  readonly #clock: Clock
  #state: number

  constructor(clock: Clock, seed: number) {
    this.#clock = clock
    this.#state = seed >>> 0
  }

  async carry(_from: string, _to: string, bytes: Uint8Array): Promise<Uint8Array> {
    const reader = new PrefixReader()
    const stream = withPrefix(bytes)
    let at = 0
    let arrived: Uint8Array | undefined
    while (arrived === undefined) {
      while (this.#draw() < LOSS) this.#clock.advance(RESEND_MS)
      this.#clock.advance(DELAY_MIN_MS + Math.floor(this.#draw() * DELAY_SPREAD_MS))
      const pieceBytes = 1 + Math.floor(this.#draw() * stream.length)
      for (const frame of reader.push(stream.subarray(at, at + pieceBytes))) arrived = frame
      at += pieceBytes
    }
    return arrived
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held.
  }

  #draw(): number {
    this.#state = (Math.imul(this.#state, LCG_FACTOR) + LCG_STEP) >>> 0
    return this.#state / 2 ** 32
  }
}
