import { rateOf, spreadOf } from "../bench/measure.ts"
import type { MachineName } from "../bench/report.ts"
import type { Implementation, MessageBytes } from "./implementation.ts"
import type { ImplementationId } from "./library.ts"
import type { OperationName } from "./operations.ts"
import { judged, ratiosOf } from "./ratios.ts"
import type { Ratio } from "./ratios.ts"
import type { Figure, Run } from "./run.ts"

/** What there is to tell. */
export interface Report {
  readonly machine: MachineName
  readonly primitives: Primitives
  readonly implementations: readonly Pick<Implementation, "id" | "name" | "suiteId" | "remarks">[]
  readonly absent: readonly string[]
  readonly made: Run
}

/** Whose code computed, with versions. Peers bring their own. */
interface Primitives {
  readonly ours: string
  readonly bound: string
}

/** One implementation doing one operation. */
export interface ResultRow {
  readonly operation: OperationName
  readonly members: number
  readonly implementation: ImplementationId
  readonly perSecond: number
  /** Of one operation, in the middle one of the slices. */
  readonly milliseconds: number
  /** Slowest to fastest slice, as a part of the middle one. */
  readonly spread: number
  readonly slices: number
}

/** What `--json` prints. */
export interface ReportJson {
  readonly machine: MachineName
  readonly primitives: Primitives
  /** By implementation: name with version, and suite. */
  readonly versions: Readonly<Record<string, { readonly name: string; readonly suite: number }>>
  readonly ratios: Readonly<Record<string, number>>
  readonly meanings: Readonly<Record<string, string>>
  readonly targets: Readonly<
    Record<string, { readonly target: number; readonly direction: string; readonly isMet: boolean }>
  >
  readonly results: readonly ResultRow[]
  readonly bytes: readonly Figure<MessageBytes>[]
  readonly memory: readonly Figure<number>[]
  readonly absent: readonly string[]
  readonly leftOut: readonly string[]
  readonly remarks: readonly string[]
}

const MEGABYTE = 1_000_000

/** The members of the group whose memory something is wanted of. */
const MEMORY_MEMBERS = 10_000

/** All ratios, and what is wanted of memory. */
export function judgementsOf({ made }: Report): readonly Ratio[] {
  const name = "memory10000_megabytes"
  const what = `megabytes (10^6 bytes) of one member's view of a group of ${MEMORY_MEMBERS}`
  const memory = made.memory
    .filter(({ implementation, memberCount }) => implementation === "ours" && memberCount === MEMORY_MEMBERS)
    .map(({ value }) => judged({ name, what, direction: "lower is better", target: 10 }, value / MEGABYTE))
  return [...memory, ...ratiosOf(made.comparisons)]
}

/** Everything, for programs. */
export function toJson(report: Report): ReportJson {
  const { machine, primitives, implementations, absent, made } = report
  const ratios = judgementsOf(report)
  const targets = ratios.flatMap(({ name, target, direction, isMet }) =>
    target === undefined || isMet === undefined ? [] : [[name, { target, direction, isMet }] as const],
  )
  return {
    machine,
    primitives,
    versions: Object.fromEntries(implementations.map(({ id, name, suiteId }) => [id, { name, suite: suiteId }])),
    ratios: Object.fromEntries(ratios.map(({ name, value }) => [name, value])),
    meanings: Object.fromEntries(ratios.map(({ name, what, direction }) => [name, `${what}; ${direction}`])),
    targets: Object.fromEntries(targets),
    results: rowsOf(made),
    bytes: made.bytes,
    memory: made.memory,
    absent,
    leftOut: made.leftOut,
    remarks: implementations.flatMap(({ remarks }) => remarks),
  }
}

/** A report for people. */
export function toText(report: Report): string {
  const { machine, primitives, implementations, absent, made } = report
  const { node, cpu, cores, platform, load } = machine
  const lines = [`Node ${node} on ${cpu}, ${cores} cores, ${platform}`]
  lines.push(`Primitives of ours: ${primitives.ours}; of the bound: node:crypto, ${primitives.bound}`)
  if (load > cores) lines.push(`The machine is busy (load ${load.toFixed(1)}): run this again when it is not.`)
  lines.push("", "Milliseconds per operation (slowest to fastest slice, as a part of the median)")
  lines.push(...aligned(rowsOf(made).map(timeCells)))
  if (made.bytes.length > 0) lines.push("", "Bytes", ...aligned(made.bytes.map(bytesCells)))
  if (made.memory.length > 0)
    lines.push("", "Memory of one member's view, MB", ...aligned(made.memory.map(memoryCells)))
  lines.push("", "Ratios", ...aligned(judgementsOf(report).map(ratioCells)), "")
  for (const { id, name, suiteId, remarks } of implementations) {
    lines.push(`${id}: ${name}, suite ${suiteId}`, ...remarks.map((remark) => `  ${remark}`))
  }
  lines.push(...absent.map((why) => `Not measured: ${why}`), ...made.leftOut.map((what) => `Out of time: ${what}`))
  return lines.join("\n")
}

/** All results, one by one, small groups first. */
export function rowsOf({ comparisons }: Run): readonly ResultRow[] {
  const bySize = comparisons.toSorted((a, b) => a.memberCount - b.memberCount)
  return bySize.flatMap(({ operation, memberCount, measured }) =>
    measured.map((one) => ({
      operation,
      members: memberCount,
      implementation: one.name as ImplementationId,
      perSecond: rateOf(one),
      milliseconds: 1000 / rateOf(one),
      spread: spreadOf(one),
      slices: one.perSecond.length,
    })),
  )
}

/** Three digits that say something. */
export function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function timeCells({ operation, members, implementation, milliseconds, spread }: ResultRow): readonly string[] {
  const at = members === 0 ? "" : `${members}`
  return [operation, at, implementation, digits(milliseconds), `±${(spread * 100).toFixed(0)} %`]
}

function bytesCells({ implementation, memberCount, value }: Figure<MessageBytes>): readonly string[] {
  const parts = Object.entries(value).map(([name, bytes]) => `${name} ${bytes}`)
  return [`${memberCount}`, implementation, parts.join(", ")]
}

function memoryCells({ implementation, memberCount, value }: Figure<number>): readonly string[] {
  return [`${memberCount}`, implementation, digits(value / MEGABYTE)]
}

function ratioCells({ name, value, target, direction, isMet }: Ratio): readonly string[] {
  const wanted = target === undefined ? "" : `${direction === "higher is better" ? "≥" : "≤"} ${target}`
  return [name, digits(value), wanted, isMet === undefined ? "" : isMet ? "met" : "MISSED"]
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  )
}
