import { FRAME_MS } from "@qpc/gap"

/** A time in which somebody did not hear somebody else, in milliseconds; both ends are turns that were heard. */
interface Gap {
  readonly fromMs: number
  readonly lastsMs: number
}

/** How long one listener did not hear one speaker who never stops: turns for which sound was made up count as not heard. */
export class GapMeter {
  readonly #gaps: Gap[] = []
  #turns = 0
  #played = 0
  #unheardSinceMs: number | undefined

  get turns(): number {
    return this.#turns
  }

  get played(): number {
    return this.#played
  }

  /** One turn. Counted from the first that was heard. */
  turn(isHeard: boolean, nowMs: number): void {
    if (!isHeard && this.#played === 0) return
    this.#turns++
    if (!isHeard) {
      this.#unheardSinceMs ??= nowMs
      return
    }
    this.#played++
    if (this.#unheardSinceMs === undefined) return
    this.#gaps.push({ fromMs: this.#unheardSinceMs, lastsMs: nowMs - this.#unheardSinceMs })
    this.#unheardSinceMs = undefined
  }

  /** Whoever is not heard at the end has a gap up to the end. */
  end(nowMs: number): void {
    if (this.#unheardSinceMs !== undefined) {
      this.#gaps.push({ fromMs: this.#unheardSinceMs, lastsMs: nowMs - this.#unheardSinceMs + FRAME_MS })
    }
    this.#unheardSinceMs = undefined
  }

  /** The longest gap of which some part lies in this time; 0 where all was heard. */
  longestIn(fromMs: number, toMs: number): number {
    const within = this.#gaps.filter((gap) => gap.fromMs < toMs && gap.fromMs + gap.lastsMs > fromMs)
    return Math.max(0, ...within.map(({ lastsMs }) => lastsMs))
  }
}
