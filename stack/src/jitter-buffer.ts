import { JitterBuffer as SourceBuffer } from "@qpc/gap"

/** One frame of audio that waits for its turn. */
export interface AudioFrame {
  /** Tells sources apart, those of several members too: `GapAcceptResult.stream` does. */
  readonly mediaSourceId: number
  /** 16 bits, counted by the source. */
  readonly rtpSequence: number
  readonly plaintext: Uint8Array
}

/** What became of a frame: `late` if its turn is over, `evicted` if it was taken and the oldest had to go. */
export type JitterPushOutcome = "accepted" | "late" | "evicted"

/** See {@link JitterPushOutcome}. */
export interface JitterPushResult {
  readonly outcome: JitterPushOutcome
  readonly evicted?: AudioFrame
}

interface Held {
  readonly sequence: number
  readonly frame: AudioFrame
}

const SOURCES_MAX = 256

/** Holds the frames of each source until it is their turn. Knows no time: whoever plays decides when to pop. */
export class JitterBuffer {
  readonly #capacity: number
  readonly #sourcesMax: number
  readonly #sources = new Map<number, SourceBuffer<Held>>()

  /**
   * @param capacityPerSource - Frames that may wait.
   * @param sourcesMax - Sources that are held. The one that was there first is forgotten for one more.
   * @throws RangeError below 1
   */
  constructor(capacityPerSource: number, sourcesMax: number = SOURCES_MAX) {
    if (!Number.isSafeInteger(sourcesMax) || sourcesMax < 1)
      throw new RangeError(`not a number of sources: ${sourcesMax}`)
    if (!Number.isSafeInteger(capacityPerSource) || capacityPerSource < 1) {
      throw new RangeError(`not a number of frames: ${capacityPerSource}`)
    }
    this.#capacity = capacityPerSource
    this.#sourcesMax = sourcesMax
  }

  push(frame: AudioFrame): JitterPushResult {
    const pushed = this.#sourceOf(frame.mediaSourceId).push({ sequence: frame.rtpSequence, frame })
    if (pushed.kind === "evicted") return { outcome: "evicted", evicted: pushed.evicted.frame }
    // The published package calls it accepted, too, and keeps the first.
    return { outcome: pushed.kind === "duplicate" ? "accepted" : pushed.kind }
  }

  /** The frame whose turn it is, or `null`. The first that is popped begins the order. */
  popInOrder(mediaSourceId: number): AudioFrame | null {
    return this.#sources.get(mediaSourceId)?.popInOrder()?.frame ?? null
  }

  /** The oldest frame that waits, whatever is missing before it, or `null`. */
  popForce(mediaSourceId: number): AudioFrame | null {
    return this.#sources.get(mediaSourceId)?.popForce()?.frame ?? null
  }

  /** Frames of the source that wait. */
  lengthFor(mediaSourceId: number): number {
    return this.#sources.get(mediaSourceId)?.size ?? 0
  }

  clear(): void {
    this.#sources.clear()
  }

  #sourceOf(mediaSourceId: number): SourceBuffer<Held> {
    const known = this.#sources.get(mediaSourceId)
    if (known !== undefined) return known
    const source = new SourceBuffer<Held>(this.#capacity)
    this.#sources.set(mediaSourceId, source)
    for (const oldest of this.#sources.keys()) {
      if (this.#sources.size <= this.#sourcesMax) break
      this.#sources.delete(oldest)
    }
    return source
  }
}
