/** Lines kept for whoever reads a failure. */
const KEPT_LINES = 400

/**
 * What happened, as a running hash over everything and the last lines in words. Two runs with one hash did the same, byte
 * for byte. The counters say how often each kind of trouble came about, so that a fault that never happens is noticed.
 */
export class Trace {
  readonly counters = new Map<string, number>()
  readonly #nowMs: () => number
  readonly #lines: string[] = []
  #low = 0x811c9dc5
  #high = 0x01234567

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** 64 bits in hexadecimal. Two rounds of FNV-1a with different multipliers: against accidents, not against people. */
  get hash(): string {
    return [this.#high, this.#low].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("")
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines.slice(-KEPT_LINES)
  }

  /** Something that a reader wants to know. */
  note(line: string): void {
    const dated = `${this.#nowMs().toFixed(3).padStart(12)} ${line}`
    for (let i = 0; i < dated.length; i++) this.#mix(dated.charCodeAt(i))
    this.#lines.push(dated)
    if (this.#lines.length > 2 * KEPT_LINES) this.#lines.splice(0, KEPT_LINES)
  }

  /** Something that only has to be the same the next time. */
  mix(bytes: Uint8Array): void {
    this.#mix(Math.floor(this.#nowMs() * 1000))
    this.#mix(bytes.length)
    for (const byte of bytes) this.#mix(byte)
  }

  count(what: string, by = 1): void {
    this.counters.set(what, (this.counters.get(what) ?? 0) + by)
  }

  #mix(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193)
    this.#high = Math.imul(this.#high ^ value ^ (this.#low >>> 15), 0x85ebca6b)
  }
}
