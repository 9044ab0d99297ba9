/** Where a command writes. Tests pass their own; `main.ts` passes the process's. */
export interface Streams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** What a command says: lines for people, or with `--json` one JSON object per result on standard output. */
export class Output {
  readonly #streams: Streams
  readonly isJson: boolean

  constructor(streams: Streams, isJson: boolean) {
    this.#streams = streams
    this.isJson = isJson
  }

  /** The outcome: `value` with `--json`, otherwise the lines. Foreign text in either is made safe to print. */
  result(value: Readonly<Record<string, unknown>>, ...lines: readonly string[]): void {
    if (this.isJson) return this.#streams.out(`${printable(JSON.stringify(value, decimal))}\n`)
    for (const line of lines) this.#streams.out(`${printable(line)}\n`)
  }

  /** A line of the outcome as soon as it is known; with `--json` all of it comes with the result. */
  line(text: string): void {
    if (!this.isJson) this.#streams.out(`${printable(text)}\n`)
  }

  /** What goes on meanwhile, for people only, on standard error. */
  note(text: string): void {
    if (!this.isJson) this.#streams.err(`${printable(text)}\n`)
  }

  /** A failure, on standard error: one line, or one JSON object. */
  failure(code: string, message: string, nextStep?: string): void {
    if (this.isJson) return this.#streams.err(`${printable(JSON.stringify({ error: { code, message, nextStep } }))}\n`)
    this.#streams.err(`error: ${printable(nextStep === undefined ? message : `${message} ${nextStep}`)}\n`)
  }
}

const decimal = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value)

/** Other people's text may move the cursor, hide text or forge a line: what does so is written as its number. */
function printable(text: string): string {
  return text.replace(UNPRINTABLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
}

/** Control characters, and what ends lines or turns the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu
