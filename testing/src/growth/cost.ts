/** What one operation costs: processor milliseconds, and bytes. */
export interface Cost {
  /** Making it and, for a commit, taking it back from the inbox. */
  readonly authorMs: number
  /** Following or reading it, in the other half of the tree. */
  readonly receiverMs: number
  /** Of the envelope that goes to every member. */
  readonly wireBytes: number
  /** Of the envelope that goes to everybody who is invited; 0 without one. */
  readonly welcomeBytes: number
  /** Written by whoever makes it. */
  readonly authorDiskBytes: number
  /** Written by everybody else. */
  readonly receiverDiskBytes: number
}

/** The numbers of a {@link Cost}. */
const COST_KEYS = [
  "authorMs",
  "receiverMs",
  "wireBytes",
  "welcomeBytes",
  "authorDiskBytes",
  "receiverDiskBytes",
] as const satisfies readonly (keyof Cost)[]

/** What one operation costs in a group of one size. */
interface Point {
  readonly size: number
  readonly cost: Cost
}

/** What one operation costs in groups of several sizes, smallest first. */
export interface Curve {
  readonly operation: string
  readonly points: readonly Point[]
}

/** The middle one of several measurements, each number by itself. */
export function medianCost(costs: readonly Cost[]): Cost {
  const median = (key: keyof Cost): number => {
    const sorted = costs.map((cost) => cost[key]).toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  }
  return Object.fromEntries(COST_KEYS.map((key) => [key, median(key)])) as Record<keyof Cost, number>
}

/**
 * With which power of the size a number grows from the first point to the last: 0 where it stays, 1 where it grows as the
 * group does. `undefined` where it cannot be told.
 */
export function exponentOf({ points }: Curve, key: keyof Cost): number | undefined {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined || first.size === last.size) return undefined
  const ratio = last.cost[key] / first.cost[key]
  return ratio > 0 && Number.isFinite(ratio) ? Math.log(ratio) / Math.log(last.size / first.size) : undefined
}
