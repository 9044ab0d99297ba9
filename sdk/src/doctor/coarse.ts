/** Small counts are told as they are; of larger ones only the next lower of these, and 64 stands for all that are larger. */
export const LEVELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64] as const

/** How long ago something was, in the classes that a capsule tells; `future` is what a clock that went back leaves. */
export const AGES = ["never", "future", "minutes", "hours", "days", "weeks", "months", "years"] as const
/** The class of an age. */
export type Age = (typeof AGES)[number]

/** By how much a clock is ahead (+) of this machine's, or behind it (−), at least. */
export const OFFSETS = ["none", "+15m", "+1h", "+1d", "+30d", "+1y", "-15m", "-1h", "-1d", "-30d", "-1y"] as const
/** The class of a difference between two clocks. */
export type Offset = (typeof OFFSETS)[number]

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const AGES_FROM_MS: readonly (readonly [number, Age])[] = [
  [365 * DAY_MS, "years"],
  [28 * DAY_MS, "months"],
  [7 * DAY_MS, "weeks"],
  [DAY_MS, "days"],
  [HOUR_MS, "hours"],
  [0, "minutes"],
]

const OFFSETS_FROM_MS = [
  [365 * DAY_MS, "1y"],
  [30 * DAY_MS, "30d"],
  [DAY_MS, "1d"],
  [HOUR_MS, "1h"],
  [15 * 60_000, "15m"],
] as const

/** A count, or a distance of either sign, as a capsule tells it. A level is its own level. */
export function levelOf(count: number | bigint): number {
  const wanted = Number(count)
  const level = LEVELS.findLast((one) => one <= Math.abs(wanted)) ?? 0
  return wanted < 0 ? 0 - level : level
}

/** @param atMs - when it was; 0 for never */
export function ageOf(atMs: number, nowMs: number): Age {
  if (atMs === 0) return "never"
  return AGES_FROM_MS.find(([fromMs]) => nowMs - atMs >= fromMs)?.[1] ?? "future"
}

/** The shortest age of a class. @returns undefined for the classes that are none */
export function ageFromMs(age: Age): number | undefined {
  return AGES_FROM_MS.find(([, name]) => name === age)?.[0]
}

/** @param offsetMs - positive where the other clock is ahead. @param uncertaintyMs - so much of it may be an error of measuring */
export function offsetOf(offsetMs: number, uncertaintyMs: number): Offset {
  const certainMs = Math.abs(offsetMs) - uncertaintyMs
  const name = OFFSETS_FROM_MS.find(([fromMs]) => certainMs > fromMs)?.[1]
  if (name === undefined) return "none"
  return offsetMs > 0 ? `+${name}` : `-${name}`
}

/** The smallest difference of a class, with its sign. */
export function offsetFromMs(offset: Offset): number {
  const fromMs = OFFSETS_FROM_MS.find(([, name]) => offset.endsWith(name))?.[0] ?? 0
  return offset.startsWith("-") ? 0 - fromMs : fromMs
}
