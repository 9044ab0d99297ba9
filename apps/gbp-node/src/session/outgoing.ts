import { TransportError } from "@qpc/transport"
import type { FrameChannel } from "@qpc/transport"

/** Frames on their way to the other node: sent in order without anybody waiting, and counted where they did not get away. */
export class Outgoing {
  readonly #channel: FrameChannel
  readonly #underWay = new Set<Promise<void>>()
  #unsent = 0

  constructor(channel: FrameChannel) {
    this.#channel = channel
  }

  /** Never throws for what becomes of the connection: its reader is told that, and {@link unsent} counts. */
  send(frame: Uint8Array): void {
    const sending = this.#channel
      .send(frame)
      .catch((error: unknown) => {
        if (!(error instanceof TransportError)) throw error
        this.#unsent += 1
      })
      .finally(() => this.#underWay.delete(sending))
    this.#underWay.add(sending)
  }

  /** Sends no more. Resolves with the number of frames that did not get away, once that is known of all. */
  async finish(): Promise<number> {
    await this.#channel.finish()
    await Promise.all(this.#underWay)
    return this.#unsent
  }
}
