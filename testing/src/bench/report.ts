import { arch, availableParallelism, cpus, loadavg, platform } from "node:os"
import { rateOf, ratioOf } from "./measure.ts"
import type { Measured } from "./measure.ts"

/** What was run on: rates mean nothing without it, ratios little. */
export interface MachineName {
  readonly node: string
  readonly cpu: string
  readonly cores: number
  readonly platform: string
  /** Processes that wanted to run, on average over the last minute, this one included. */
  readonly load: number
}

/** One contender's rate in one comparison. */
interface Row {
  readonly area: string
  /** The operation, the same for all contenders of a comparison. */
  readonly operation: string
  readonly contender: string
  readonly perSecond: number
}

/** What `npm run bench` prints. */
export interface Report {
  readonly machine: MachineName
  /** Above 1: ours is faster. By name, such as `protect_vs_tsmls`. */
  readonly ratios: Readonly<Record<string, number>>
  readonly rows: readonly Row[]
}

/** The rows and ratios of one comparison, to be put into a report with others. */
export interface Result {
  readonly ratios: Readonly<Record<string, number>>
  readonly rows: readonly Row[]
}

/**
 * Turns a comparison into rows, and into a ratio of the first contender, ours, to each other one that has a name for it.
 *
 * @param ratioNames - By contender.
 */
export function resultOf(
  area: string,
  operation: string,
  measured: readonly Measured[],
  ratioNames: Readonly<Record<string, string>>,
): Result {
  const [ours] = measured
  if (ours === undefined) throw new RangeError("nothing was measured")
  const ratios = Object.entries(ratioNames).map(
    ([contender, name]) => [name, ratioOf(ours, named(measured, contender))] as const,
  )
  const rows = measured.map((one) => ({ area, operation, contender: one.name, perSecond: rateOf(one) }))
  return { ratios: Object.fromEntries(ratios), rows }
}

/** The machine this process runs on, and how busy it is now. */
export function machineName(): MachineName {
  const cpu = cpus()[0]?.model.trim() ?? "unknown"
  const system = `${platform()}-${arch()}`
  return { node: process.version, cpu, cores: availableParallelism(), platform: system, load: loadavg()[0] ?? 0 }
}

/** A report for people. */
export function toText({ machine, ratios, rows }: Report): string {
  const { node, cpu, cores, platform: system, load } = machine
  const lines = [`Node ${node} on ${cpu}, ${cores} cores, ${system}`]
  if (load > cores) lines.push(`The machine is busy (load ${load.toFixed(1)}): run this again when it is not.`)
  lines.push("")
  const width = Math.max(...rows.map((row) => `${row.area} ${row.operation}`.length))
  const contenderWidth = Math.max(...rows.map((row) => row.contender.length))
  let heading = ""
  for (const row of rows) {
    const name = `${row.area} ${row.operation}`
    const label = name === heading ? "" : name
    heading = name
    lines.push(
      `${label.padEnd(width)}  ${row.contender.padEnd(contenderWidth)}${rateText(row.perSecond).padStart(10)} /s`,
    )
  }
  lines.push("", "Ratios (medians over interleaved rounds; above 1 ours is faster)")
  const nameWidth = Math.max(...Object.keys(ratios).map((name) => name.length))
  for (const [name, ratio] of Object.entries(ratios)) {
    lines.push(`${name.padEnd(nameWidth)}  ${ratio.toFixed(2).padStart(8)}`)
  }
  return lines.join("\n")
}

function named(measured: readonly Measured[], name: string): Measured {
  const found = measured.find((one) => one.name === name)
  if (found === undefined) throw new RangeError(`no contender is called ${name}`)
  return found
}

function rateText(perSecond: number): string {
  return perSecond.toFixed(perSecond < 100 ? 1 : 0)
}
