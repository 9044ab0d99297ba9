import type { Rate } from "../server-limits.ts"

/** The text of an option does not mean what it should; `message` says what would. */
export class UnitError extends Error {
  override readonly name = "UnitError"
}

const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const SIZES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 }

/** `30`, `30s`, `500ms`, `7d` to milliseconds; a bare number means seconds. @throws UnitError */
export function parseDuration(text: string): number {
  return parseQuantity(text, DURATIONS, "s", "a duration such as 30s, 15m or 7d")
}

/** `1000`, `64KiB`, `10GiB` to bytes. @throws UnitError */
export function parseSize(text: string): number {
  return parseQuantity(text, SIZES, "B", "a size such as 64KiB or 10GiB")
}

/** A whole number of things. @throws UnitError */
export function parseCount(text: string): number {
  return parseQuantity(text, { "": 1 }, "", "a whole number")
}

/** Whoever is refused is told how long to wait, in 32 bits of milliseconds. */
const LONGEST_WINDOW_MS = 30 * 86_400_000

/** `50/1s`, `600/h`; within 30 days. @throws UnitError */
export function parseRate(text: string): Rate {
  const [count, window, ...rest] = text.split("/")
  if (count === undefined || window === undefined || window === "" || rest.length > 0) {
    throw new UnitError("must be a rate such as 50/1s or 600/1h")
  }
  const rate = { count: parseCount(count), windowMs: parseDuration(/^\d/.test(window) ? window : `1${window}`) }
  if (rate.count < 1 || rate.windowMs < 1) throw new UnitError("must allow something: a rate such as 50/1s")
  if (rate.windowMs > LONGEST_WINDOW_MS) throw new UnitError("must be a rate within 30 days at most, such as 100/30d")
  return rate
}

/** @throws UnitError unless it is one of the usual words */
export function parseFlag(text: string): boolean {
  if (["true", "yes", "on", "1"].includes(text)) return true
  if (["false", "no", "off", "0", ""].includes(text)) return false
  throw new UnitError("must be true or false")
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>, bare: string, form: string): number {
  const [, digits, unit] = /^(\d{1,15})([A-Za-z]*)$/.exec(text.trim()) ?? []
  const factor = units[unit === "" || unit === undefined ? bare : unit]
  const value = Number(digits) * (factor ?? Number.NaN)
  if (!Number.isSafeInteger(value)) throw new UnitError(`must be ${form}`)
  return value
}
