import { styleText } from "node:util"
import type { TraceLine } from "@qpc/sdk"

/** Where a command writes. Tests pass their own; `main.ts` passes the process's. */
export interface Streams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Colours and cursor movement make sense. */
  readonly isTerminal: boolean
}

type Style = Parameters<typeof styleText>[0]

/**
 * What a command says: for people as lines, with `--json` as one JSON object per result on standard output, so that
 * another program never has to read sentences.
 */
export class Output {
  readonly #streams: Streams
  readonly isJson: boolean

  constructor(streams: Streams, isJson: boolean) {
    this.#streams = streams
    this.isJson = isJson
  }

  get isTerminal(): boolean {
    return this.#streams.isTerminal
  }

  /** The outcome: `value` with `--json`, otherwise the lines. */
  result(value: Readonly<Record<string, unknown>>, ...lines: readonly string[]): void {
    if (this.isJson) this.#streams.out(`${json(value)}\n`)
    else for (const line of lines) this.#streams.out(`${printable(line)}\n`)
  }

  /** A line for people only, on standard output. */
  line(text: string): void {
    if (!this.isJson) this.#streams.out(`${text}\n`)
  }

  /** What goes on meanwhile, on standard error, so that it never mixes with results. */
  note(text: string): void {
    if (!this.isJson) this.#streams.err(`${printableLine(text)}\n`)
  }

  /** One layer that a message crossed, on standard error. */
  trace(line: TraceLine): void {
    if (this.isJson) return this.#streams.err(`${json({ trace: line })}\n`)
    const arrow = line.direction === "down" ? "↓" : "↑"
    const sizes = `${String(line.bytesIn).padStart(7)} → ${String(line.bytesOut).padEnd(7)} B`
    const micros = `${line.micros.toFixed(0).padStart(8)} µs`
    this.#streams.err(`${arrow} ${line.layer.padEnd(9)} ${sizes} ${micros}  ${line.id ?? ""}\n`)
  }

  /** A failure, on standard error: one line, or one JSON object. */
  failure(error: { readonly code: string; readonly message: string; readonly nextStep?: string | undefined }): void {
    if (this.isJson) return this.#streams.err(`${json({ error })}\n`)
    const next = error.nextStep === undefined ? "" : ` ${error.nextStep}`
    this.#streams.err(`${this.style("red", "error:")} ${printableLine(error.message + next)}\n`)
  }

  /** Colours `text` where that helps. */
  style(format: Style, text: string): string {
    return this.#streams.isTerminal ? styleText(format, text, { validateStream: false }) : text
  }
}

/** JSON that is as safe to print as text: what JSON leaves as it is, although it could steer a terminal, is escaped. */
function json(value: unknown): string {
  return JSON.stringify(value).replace(UNPRINTABLE, escaped)
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`

/**
 * Makes text from other people safe to print: control characters could move the cursor, hide text or answer for the
 * user. Line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, REPLACEMENT)
}

/** The same for what has one line only: a name with a line break could end a line and forge the next. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\n\t\u2028\u2029]/gu, REPLACEMENT)
}

const REPLACEMENT = "\u{fffd}"
/** Control characters but line breaks and tabs, and what turns the direction of text. */
const UNPRINTABLE = /(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu
