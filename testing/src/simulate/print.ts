import type { SimulationReport } from "./simulate.ts"
import type { Totals } from "./totals.ts"

/** Lines that a failure shows; the whole run is one command away. */
const FAILURE_LINES = 40
const BAR_CELLS = 30

/** One run in full. */
export function printRun(report: SimulationReport): void {
  const { lines, counters } = report
  console.log(lines.join("\n"))
  console.log("")
  for (const [what, times] of byName(counters)) console.log(`${String(times).padStart(8)}  ${what}`)
  console.log("")
  printSummary(report)
}

/** One run that failed, and how to see it again. */
export function printFailure(report: SimulationReport, commit: string): void {
  console.log(`\nseed ${report.seed} failed at commit ${commit}`)
  console.log(report.lines.slice(-FAILURE_LINES).join("\n"))
  printSummary(report)
  console.log(`see it again: npm run simulate -- --seed ${report.seed}`)
  console.log(`make it smaller: npm run simulate -- --shrink ${report.seed}`)
}

/** Many runs. @param missing - faults that should have happened and did not */
export function printTotals(totals: Totals, missing: readonly string[]): void {
  const { seeds, forks, lost, duplicated, stranded, counters, failedSeeds, slowestSettleMs } = totals
  for (const [what, times] of byName(Object.entries(counters))) console.log(`${String(times).padStart(10)}  ${what}`)
  console.log(`\n${seeds} seeds: ${forks} forks, ${lost} lost, ${duplicated} duplicated, ${stranded} stranded`)
  console.log(`the slowest came to rest ${slowestSettleMs} virtual ms after the last fault`)
  if (failedSeeds.length > 0) console.log(`failed: ${failedSeeds.join(", ")}`)
  if (missing.length > 0) console.log(`never happened: ${missing.join("; ")}`)
}

const byName = (counters: Iterable<[string, number]>): [string, number][] =>
  [...counters].toSorted(([a], [b]) => (a < b ? -1 : 1))

/** Where a long run is. */
export function progressBar({ seeds, failedSeeds }: Totals, count: number): string {
  const cells = Math.floor((BAR_CELLS * seeds) / Math.max(1, count))
  return `[${"#".repeat(cells)}${" ".repeat(BAR_CELLS - cells)}] ${seeds}/${count}, ${failedSeeds.length} failed`
}

function printSummary({ plan, hash, violations, settledAfterMs }: SimulationReport): void {
  const { deviceCount, groupCount, durationMs, faults } = plan
  console.log(
    `${deviceCount} devices, ${groupCount} groups, ${durationMs} ms; ${[...faults].join(", ") || "no faults"}`,
  )
  console.log(settledAfterMs === undefined ? "never came to rest" : `at rest after ${settledAfterMs} ms`)
  console.log(`trace ${hash}`)
  for (const { kind, what } of violations) console.log(`VIOLATION ${kind}: ${what}`)
}
