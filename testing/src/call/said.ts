import { equalBytes } from "@qpc/wire"

/** What a listener tells of a frame that they play. */
export interface PlayedFrame {
  readonly senderId: number
  readonly epoch: bigint
  readonly sequence: number
  readonly opus: Uint8Array
}

/** Everything that was said in a call, and under which epoch it was sealed: what listeners play is held against it. */
export class Said {
  readonly #frames = new Map<string, { readonly epoch: bigint; readonly opus: Uint8Array }>()
  readonly #untrue: string[] = []

  /** Frames that were played and are not what their sender said, in their epoch. */
  get untrue(): readonly string[] {
    return this.#untrue
  }

  note({ senderId, sequence, epoch, opus }: PlayedFrame): void {
    this.#frames.set(`${senderId}/${sequence}`, { epoch, opus })
  }

  check({ senderId, sequence, epoch, opus }: PlayedFrame): void {
    const said = this.#frames.get(`${senderId}/${sequence}`)
    const name = `frame ${sequence} of member ${senderId}`
    if (said === undefined) this.#untrue.push(`${name} was never said`)
    else if (said.epoch !== epoch) this.#untrue.push(`${name} is of epoch ${said.epoch}, and was played as of ${epoch}`)
    else if (!equalBytes(said.opus, opus)) this.#untrue.push(`${name} was not said like this`)
  }
}
