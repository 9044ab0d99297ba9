import { UsageError } from "./usage-error.ts"

const UNITS = [
  ["w", 604_800],
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
] as const

/** Longer is never. */
const MAX_SECONDS = 366 * 86_400
const NEXT_STEP = "Give a number and s, m, h, d or w, such as 1d, at most 366d; or: off"

/** A time as it was typed, such as `30s`, `5m`, `1d`, in seconds; 0 for `off`. @throws UsageError for anything else */
export function parseDuration(word: string): number {
  if (word === "off") return 0
  const [, digits, letter] = /^([1-9]\d{0,8})([smhdw])$/.exec(word) ?? []
  const [, unitSeconds] = UNITS.find(([name]) => name === letter) ?? []
  const seconds = Number(digits) * (unitSeconds ?? Number.NaN)
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds
  throw new UsageError(`${JSON.stringify(word)} is no time for a timer.`, NEXT_STEP)
}

/** A time for people, in its largest two units, rounded up: `1d`, `1h 30m`. */
export function durationText(seconds: number): string {
  let rest = Math.max(1, Math.ceil(seconds))
  const words: string[] = []
  for (const [name, unitSeconds] of UNITS) {
    const count = Math.floor(rest / unitSeconds)
    if (count > 0 && words.length < 2) words.push(`${count}${name}`)
    rest -= count * unitSeconds
  }
  return words.join(" ")
}
