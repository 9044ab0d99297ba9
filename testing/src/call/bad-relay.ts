import { decodeAudioFrame, encodeAudioFrame } from "@qpc/gbp"
import type { Prng } from "../simulate/prng.ts"
import { decodePacket, encodePacket } from "./packet.ts"

/** Shares of the packets that a relay loses, and of those that it does mischief with. */
export interface BadRelayOptions {
  readonly lossPercent: number
  /** Sends one more copy of a frame that says another epoch, or one of before. */
  readonly mischiefPercent: number
}

/** Frames of before that a relay can send again: half a minute of one speaker. */
const KEPT_FRAMES = 1500

/**
 * What comes out of a relay for one packet to one person: nothing, the packet, or the packet and what the relay adds of its own. It sees all
 * that a relay sees, and has no keys.
 */
export class BadRelay {
  readonly #options: BadRelayOptions
  readonly #prng: Prng
  readonly #kept: Uint8Array[] = []
  lost = 0
  relabelled = 0
  replayed = 0

  constructor(options: BadRelayOptions, prng: Prng) {
    this.#options = options
    this.#prng = prng
  }

  carry(bytes: Uint8Array): Uint8Array[] {
    // All are drawn whatever happens, so that less loss leaves the rest as it was.
    const [isLost, isMischief] = [this.#chance(this.#options.lossPercent), this.#chance(this.#options.mischiefPercent)]
    const [isRelabelled, isAhead] = [this.#prng.chance(0.5), this.#prng.chance(0.5)]
    const packet = decodePacket(bytes)
    const added = isMischief && packet?.kind === "audio" ? this.#mischief(packet.frame, { isRelabelled, isAhead }) : []
    if (isLost) this.lost++
    return isLost ? added : [bytes, ...added]
  }

  #mischief(frame: Uint8Array, { isRelabelled, isAhead }: { isRelabelled: boolean; isAhead: boolean }): Uint8Array[] {
    if (this.#kept.push(frame.slice()) > KEPT_FRAMES) this.#kept.shift()
    if (!isRelabelled) {
      this.replayed++
      return [encodePacket({ kind: "audio", frame: this.#prng.pick(this.#kept) })]
    }
    this.relabelled++
    const decoded = decodeAudioFrame(frame)
    const epoch = isAhead || decoded.epoch === 0n ? decoded.epoch + 1n : decoded.epoch - 1n
    return [encodePacket({ kind: "audio", frame: encodeAudioFrame({ ...decoded, epoch }, decoded.sframe) })]
  }

  #chance(percent: number): boolean {
    return this.#prng.chance(percent / 100)
  }
}
