import { DelayEstimate } from "./delay-estimate.ts"
import { JitterBuffer } from "./jitter-buffer.ts"
import type { Pushed, Sequenced } from "./jitter-buffer.ts"

/** A frame that can be played. */
export interface TimedFrame extends Sequenced {
  /** Of the first sample, on the source's clock of 48 kHz. */
  readonly timestamp: bigint
}

/** What to play in one turn of {@link FRAME_MS}. */
export type Turn<F> =
  | { readonly kind: "frame"; readonly frame: F }
  /** A frame is missing: invent sound. `next` is the frame behind it, which may carry the lost one (Opus FEC). */
  | { readonly kind: "conceal"; readonly next: F | undefined }
  /** Nothing is said, or nothing came for long, or frames are being collected. */
  | { readonly kind: "silence" }

/** Bounds of a playout; see {@link DEFAULT_PLAYOUT}. */
export interface PlayoutLimits {
  /** Frames that may wait. */
  readonly frames: number
  /** Shortest and longest time that frames are collected before the first of them is played, in milliseconds. */
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /** Turns in a row for which sound is invented. */
  readonly concealedTurns: number
  /** A step of the timestamps that is taken for a pause; beyond it, or backwards, the source counts as begun anew. */
  readonly longestPauseMs: number
}

/** Waiting frames beyond the delay that is asked for, from which on they are caught up with. */
const EXCESS_MS = 100
/** While catching up, one frame in so many turns is left out: a tenth faster. */
const TURNS_PER_SKIP = 10

/** 20 ms of sound. */
export const FRAME_MS = 20
/** Samples of one frame at 48 kHz. */
export const FRAME_SAMPLES = 960
const SAMPLES_PER_MS = FRAME_SAMPLES / FRAME_MS

/** A second of frames, between 20 and 400 ms of delay, 100 ms of invented sound, pauses of up to 10 minutes. */
export const DEFAULT_PLAYOUT: PlayoutLimits = {
  frames: 50,
  minDelayMs: FRAME_MS,
  maxDelayMs: 400,
  concealedTurns: 5,
  longestPauseMs: 600_000,
}

/** What happened to the frames of a source, for whoever measures quality. */
export interface PlayoutFigures {
  readonly played: number
  readonly concealed: number
  /** Came when their turn was over. */
  readonly late: number
  /** Had to go because too many waited. */
  readonly evicted: number
  readonly duplicates: number
  /** Left out to catch up, after the network had held back many at once. */
  readonly skipped: number
}

/**
 * Decides what one source's loudspeaker gets, turn by turn of 20 ms (GAP "Jitter buffer").
 *
 * Frames are collected for as long as the unevenness of their arrival asks for, then one is due each turn. A missing sequence
 * number is a loss, to be concealed; a step of the timestamps without one is a pause that its sender did not send (DTX). Pure: call
 * {@link turn} every 20 ms of whatever clock plays.
 */
export class Playout<F extends TimedFrame> {
  readonly #limits: PlayoutLimits
  readonly #estimate = new DelayEstimate()
  #buffer: JitterBuffer<F>
  /** The timestamp that is due; `undefined` while frames are being collected. */
  #dueAt: bigint | undefined
  #concealedInARow = 0
  #turnsSinceSkip = 0
  #figures = { played: 0, concealed: 0, late: 0, evicted: 0, duplicates: 0, skipped: 0 }

  constructor(limits: Partial<PlayoutLimits> = {}) {
    this.#limits = { ...DEFAULT_PLAYOUT, ...limits }
    this.#buffer = new JitterBuffer(this.#limits.frames)
  }

  get figures(): PlayoutFigures {
    return { ...this.#figures }
  }

  /** How long frames are collected at the moment, in milliseconds. */
  get delayMs(): number {
    const { minDelayMs, maxDelayMs } = this.#limits
    return Math.min(maxDelayMs, Math.max(minDelayMs, this.#estimate.delayMs))
  }

  /** @param nowMs - When the frame arrived, on any clock that goes forward. */
  push(frame: F, nowMs: number): Pushed<F> {
    const pushed = this.#buffer.push(frame)
    if (pushed.kind === "duplicate") this.#figures.duplicates++
    else this.#estimate.note(nowMs, Number(frame.timestamp) / SAMPLES_PER_MS)
    if (pushed.kind === "late") this.#figures.late++
    if (pushed.kind === "evicted") this.#figures.evicted++
    return pushed
  }

  /** What to play in the next 20 ms. */
  turn(): Turn<F> {
    if (this.#dueAt === undefined && !this.#isCollected()) return { kind: "silence" }
    const head = this.#buffer.peek()
    if (head === undefined) return this.#starve()
    this.#dueAt ??= head.frame.timestamp
    const aheadMs = Number(head.frame.timestamp - this.#dueAt) / SAMPLES_PER_MS
    if (aheadMs < 0 || aheadMs > this.#limits.longestPauseMs) this.#dueAt = head.frame.timestamp
    else if (aheadMs >= FRAME_MS) return head.isNext ? this.#pause(head.frame) : this.#conceal(head.frame, aheadMs)
    return this.#play()
  }

  #isCollected(): boolean {
    return this.#buffer.depth * FRAME_MS >= this.delayMs
  }

  #play(): Turn<F> {
    let frame = this.#buffer.popForce()!
    if (++this.#turnsSinceSkip >= TURNS_PER_SKIP && this.#excessMs > EXCESS_MS) {
      frame = this.#buffer.popForce()!
      this.#figures.skipped++
      this.#turnsSinceSkip = 0
    }
    this.#dueAt = frame.timestamp + BigInt(FRAME_SAMPLES)
    this.#concealedInARow = 0
    this.#figures.played++
    return { kind: "frame", frame }
  }

  /** Where too much waits, a pause is what can be left out without anybody hearing it. */
  #pause(head: F): Turn<F> {
    if (this.#excessMs > 0) {
      this.#dueAt = head.timestamp
      return this.#play()
    }
    this.#dueAt! += BigInt(FRAME_SAMPLES)
    return { kind: "silence" }
  }

  get #excessMs(): number {
    return (this.#buffer.size - 1) * FRAME_MS - this.delayMs
  }

  /** What is missing before `next`, one frame each turn; its packet helps only with the frame directly before it. */
  #conceal(next: F, aheadMs: number): Turn<F> {
    this.#dueAt! += BigInt(FRAME_SAMPLES)
    if (this.#concealedInARow >= this.#limits.concealedTurns) return { kind: "silence" }
    this.#concealedInARow++
    this.#figures.concealed++
    return { kind: "conceal", next: aheadMs < 2 * FRAME_MS ? next : undefined }
  }

  /** Nothing waits: sound is invented for a while, then frames are collected anew. */
  #starve(): Turn<F> {
    if (this.#concealedInARow >= this.#limits.concealedTurns) {
      this.#dueAt = undefined
      this.#concealedInARow = 0
      return { kind: "silence" }
    }
    this.#dueAt! += BigInt(FRAME_SAMPLES)
    this.#concealedInARow++
    this.#figures.concealed++
    return { kind: "conceal", next: undefined }
  }
}
