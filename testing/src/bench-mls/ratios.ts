import { ratioOf } from "../bench/measure.ts"
import type { Measured } from "../bench/measure.ts"
import type { ImplementationId } from "./library.ts"
import type { OperationName } from "./operations.ts"

/** One comparison that was played. */
export interface Comparison {
  readonly operation: OperationName
  /** 0 where the operation does not depend on a group. */
  readonly memberCount: number
  /** Named by {@link ImplementationId}. */
  readonly measured: readonly Measured[]
}

type Direction = "higher is better" | "lower is better"

/** What a ratio says, and what is wanted of it. */
export interface RatioMeaning {
  readonly name: string
  /** Which number over which. */
  readonly what: string
  readonly direction: Direction
  readonly target?: number
}

/** A ratio with its verdict. */
export interface Ratio extends RatioMeaning {
  readonly value: number
  /** Absent where nothing is wanted. */
  readonly isMet?: boolean
}

interface Wanted extends RatioMeaning {
  readonly target: number
  readonly operation: OperationName
  readonly memberCount: number
  readonly other: ImplementationId
}

const RATE = "operations per second of ours over those of"
const TIME = "time of ours over that of"
const [HIGHER, LOWER] = ["higher is better", "lower is better"] as const

/** The ratios that something is wanted of. Every other pair gets a name and a meaning from {@link meaningOf}. */
export const WANTED: readonly Wanted[] = [
  wanted("protect_vs_tsmls", "protect", 2, "tsmls", HIGHER, 8),
  wanted("unprotect_vs_tsmls", "unprotect", 2, "tsmls", HIGHER, 4),
  wanted("protect_vs_bound", "protect", 2, "bound", HIGHER, 0.7),
  wanted("unprotect_vs_bound", "unprotect", 2, "bound", HIGHER, 0.7),
  wanted("join1000_vs_bound", "join", 1000, "bound", LOWER, 1.5),
  wanted("update1000_vs_bound", "update_warm", 1000, "bound", LOWER, 2),
  wanted("process1000_vs_bound", "process", 1000, "bound", LOWER, 2),
  wanted("add10000_vs_bound", "add_all", 10_000, "bound", LOWER, 2),
  wanted("join10000_vs_bound", "join", 10_000, "bound", LOWER, 2),
]

/** The worst case against those libraries than which ours shall be slower nowhere. */
const NOWHERE_SLOWER_THAN: readonly ImplementationId[] = ["openmls_wasm", "corecrypto"]

/** What the peers of another suite are compared with. */
const OURS_FOR: Partial<Record<ImplementationId, ImplementationId>> = {
  openmls_wasm: "ours_chacha",
  openmls_native_chacha: "ours_chacha",
}

/** The meaning of the ratio of one pair in one comparison. */
export function meaningOf(operation: OperationName, memberCount: number, other: ImplementationId): RatioMeaning {
  const found = WANTED.find(
    (one) => one.operation === operation && one.memberCount === memberCount && one.other === other,
  )
  if (found !== undefined) {
    const { name, what, direction, target } = found
    return { name, what, direction, target }
  }
  const name = `${operation}${memberCount === 0 ? "" : memberCount}_vs_${other}`
  const isMessage = operation.includes("protect")
  return other === "bound" && !isMessage
    ? { name, what: `${TIME} ${other}`, direction: LOWER }
    : { name, what: `${RATE} ${other}`, direction: HIGHER }
}

/** All ratios of some comparisons: those that something is wanted of first. */
export function ratiosOf(comparisons: readonly Comparison[]): readonly Ratio[] {
  const ratios = comparisons.flatMap(ratiosIn)
  const worst = NOWHERE_SLOWER_THAN.flatMap((other) => worstAgainst(ratios, other))
  return [...ratios, ...worst].toSorted((a, b) => rankOf(a) - rankOf(b))
}

/** A figure that is no comparison, such as memory, judged like one. */
export function judged(meaning: RatioMeaning, value: number): Ratio {
  const { target, direction } = meaning
  if (target === undefined) return { ...meaning, value }
  return { ...meaning, value, isMet: direction === HIGHER ? value >= target : value <= target }
}

function ratiosIn({ operation, memberCount, measured }: Comparison): readonly Ratio[] {
  const named = new Map(measured.map((one) => [one.name as ImplementationId, one]))
  return [...named].flatMap(([other, theirs]) => {
    const mine = named.get(OURS_FOR[other] ?? "ours")
    if (mine === undefined || other === "ours" || other === "ours_chacha") return []
    const meaning = meaningOf(operation, memberCount, other)
    const value = meaning.direction === HIGHER ? ratioOf(mine, theirs) : ratioOf(theirs, mine)
    return [judged(meaning, value)]
  })
}

function worstAgainst(ratios: readonly Ratio[], other: ImplementationId): readonly Ratio[] {
  const all = ratios.filter(({ name }) => name.endsWith(`_vs_${other}`))
  if (all.length === 0) return []
  const worst = all.reduce((least, one) => (one.value < least.value ? one : least))
  const what = `the least of all ratios to ${other}, here ${worst.name}`
  return [judged({ name: `worst_vs_${other}`, what, direction: HIGHER, target: 1 }, worst.value)]
}

function rankOf({ target }: Ratio): number {
  return target === undefined ? 1 : 0
}

function wanted(
  name: string,
  operation: OperationName,
  memberCount: number,
  other: ImplementationId,
  direction: Direction,
  target: number,
): Wanted {
  const what = `${direction === HIGHER ? RATE : TIME} ${other}, ${operation} at ${memberCount} members`
  return { name, what, direction, target, operation, memberCount, other }
}
