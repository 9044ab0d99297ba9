import { DecodeError } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** How far behind the newest frame a frame may arrive. */
const WINDOW_FRAMES = 1024
const WORDS = WINDOW_FRAMES / 32
const ALL = 0xffff_ffff

/** Remembers which sequence numbers of one stream and epoch were accepted. Sequences count from 1. */
export class ReplayWindow {
  #newest = 0
  /** Bit `sequence % 1024` is set once that sequence was accepted, for the newest 1024. */
  readonly #bits = new Uint32Array(WORDS)

  /**
   * Accepts `sequence` at most once, and only within {@link WINDOW_FRAMES} of the newest.
   *
   * Call it only after the frame opened: a forged one must not use up a number that an honest one still needs.
   */
  accept(sequence: number): boolean {
    if (sequence < 1) return false
    if (sequence > this.#newest) this.#slideTo(sequence)
    else if (this.#newest - sequence >= WINDOW_FRAMES) return false
    if (this.#has(sequence)) return false
    this.#set(sequence)
    return true
  }

  /** Writes newest u32 · form u8 · (form 1: one bit per sequence of the window, oldest first, 128 bytes). */
  write(writer: Writer): void {
    writer.uint32(this.#newest)
    // A stream without gaps, which is nearly every stream, needs no bits.
    if (this.#isGapless()) return void writer.uint8(0)
    writer.uint8(1)
    for (let word = 0; word < WORDS; word++) writer.uint32(this.#bits[word]!)
  }

  /** @throws DecodeError for anything that {@link write} does not write */
  static read(reader: Reader): ReplayWindow {
    const start = reader.offset
    const window = new ReplayWindow()
    window.#newest = reader.uint32()
    const form = reader.uint8()
    if (form > 1) throw new DecodeError("reserved_value", start)
    if (form === 0) {
      for (let i = 0; i < Math.min(window.#newest, WINDOW_FRAMES); i++) window.#set(window.#newest - i)
      return window
    }
    for (let word = 0; word < WORDS; word++) window.#bits[word] = reader.uint32()
    if (window.#isGapless() || !window.#isPossible()) throw new DecodeError("bad_value", start)
    return window
  }

  #slideTo(sequence: number): void {
    // A jump longer than the window clears every word once: one frame costs the same however far its sender jumps.
    if (sequence - this.#newest >= WINDOW_FRAMES) this.#bits.fill(0)
    else for (let next = this.#newest + 1; next <= sequence; next++) this.#clear(next)
    this.#newest = sequence
  }

  #isGapless(): boolean {
    if (this.#newest >= WINDOW_FRAMES) return this.#bits.every((word) => word === ALL)
    for (let sequence = 1; sequence <= this.#newest; sequence++) if (!this.#has(sequence)) return false
    return true
  }

  /** The newest was accepted, and nothing that was never sent. */
  #isPossible(): boolean {
    if (!this.#has(this.#newest)) return false
    if (this.#newest >= WINDOW_FRAMES) return true
    let inside = 0
    for (let sequence = 1; sequence <= this.#newest; sequence++) inside += this.#has(sequence) ? 1 : 0
    return inside === this.#bits.reduce((sum, word) => sum + bitCount(word), 0)
  }

  #has(sequence: number): boolean {
    const slot = sequence % WINDOW_FRAMES
    return ((this.#bits[slot >>> 5]! >>> (slot & 31)) & 1) === 1
  }

  #set(sequence: number): void {
    const slot = sequence % WINDOW_FRAMES
    this.#bits[slot >>> 5]! |= 1 << (slot & 31)
  }

  #clear(sequence: number): void {
    const slot = sequence % WINDOW_FRAMES
    this.#bits[slot >>> 5]! &= ~(1 << (slot & 31))
  }
}

function bitCount(word: number): number {
  let count = 0
  for (let rest = word; rest !== 0; rest >>>= 1) count += rest & 1
  return count
}
