/** Where one frame of audio belongs. */
export interface SourceFrame {
  readonly epoch: bigint
  /** Whatever tells senders apart. */
  readonly senderId: number
  readonly source: number
  /** 16 bits. */
  readonly sequence: number
}

/** Sources of all members and epochs that are remembered; the oldest is forgotten first. */
const SOURCES_MAX = 4096
const HALF = 0x8000
const MODULUS = 0x1_0000

/** The newest frame of each source, by which late ones are told (GAP "Replay"). */
export class SourceWindows {
  readonly #newest = new Map<string, number>()

  /** True for a frame that is newer than all of its source and epoch so far; numbers begin at 0 again after 65 535. */
  accept({ epoch, senderId, source, sequence }: SourceFrame): boolean {
    const key = `${epoch}/${senderId}/${source}`
    const newest = this.#newest.get(key)
    const ahead = newest === undefined ? 1 : (sequence - newest + MODULUS) % MODULUS
    if (ahead === 0 || ahead > HALF) return false
    this.#newest.delete(key)
    this.#newest.set(key, sequence)
    for (const oldest of this.#newest.keys()) {
      if (this.#newest.size <= SOURCES_MAX) break
      this.#newest.delete(oldest)
    }
    return true
  }
}
