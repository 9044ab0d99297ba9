/** A frame of audio, and where it belongs. */
export interface SourceFrame {
  readonly epoch: bigint
  /** Whatever tells senders apart. */
  readonly senderId: number
  /** Which run of its sender sealed it: each counts its frames anew, and later ones are higher. 0 where all count together. */
  readonly run: bigint
  /** The number of the frame under its keys, which only grows. */
  readonly frameNumber: number
  readonly source: number
  /** 16 bits, counted by the source; begins anew when its sender does. */
  readonly sequence: number
}

/** A source as far as it was heard. */
interface Heard extends Pick<SourceFrame, "epoch" | "run" | "sequence"> {
  readonly stream: number
}

/** Sources of all members that are remembered, and as many of their epochs; the oldest is forgotten first. */
const SOURCES_MAX = 4096
const HALF = 0x8000
const MODULUS = 0x1_0000

/**
 * Tells late frames of each source (GAP "Replay"), and notices when a source begins anew because its sender was restarted.
 *
 * What is newer, the numbers of frames say and not those of the source: the latter are in no state, so that a restart within an epoch
 * sets them back.
 */
export class SourceWindows {
  /** The newest frame of each source in each epoch and run. */
  readonly #newest = new Map<string, number>()
  readonly #heard = new Map<string, Heard>()
  #streamCount = 0

  /**
   * The stream that a frame belongs to, or `undefined` for one that is late: newer ones of its source and epoch came before, or it itself.
   * A stream is a source until its sender begins anew; its sequence numbers only grow, over and over.
   */
  accept({ epoch, senderId, run, frameNumber, source, sequence }: SourceFrame): number | undefined {
    const place = `${senderId}/${source}`
    const window = `${epoch}/${run}/${place}`
    const newest = this.#newest.get(window)
    const heard = this.#heard.get(place)
    // Whatever comes of a run that is over is late, also what comes of it first: it must not take the place of the present one.
    const isOver = heard?.epoch === epoch && heard.run !== run && (newest !== undefined || run < heard.run)
    if (isOver || (newest !== undefined && frameNumber <= newest)) return undefined
    remember(this.#newest, window, frameNumber)
    if (heard !== undefined && epoch < heard.epoch) return heard.stream
    const stream = heard !== undefined && goesOn(heard, { epoch, run, sequence }) ? heard.stream : this.#streamCount++
    remember(this.#heard, place, { epoch, run, sequence, stream })
    return stream
  }
}

/** False for the first frame of a source that began anew. */
function goesOn(before: Heard, now: Pick<SourceFrame, "epoch" | "run" | "sequence">): boolean {
  if (before.epoch === now.epoch && before.run !== now.run) return false
  const ahead = (now.sequence - before.sequence + MODULUS) % MODULUS
  return ahead !== 0 && ahead <= HALF
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= SOURCES_MAX) break
    map.delete(oldest)
  }
}
