import { rateOf, ratioOf, spreadOf } from "../bench/measure.ts"
import type { MachineName } from "../bench/report.ts"
import type { PublishedSource } from "../interop-gbp/published-source.ts"
import type { Comparison, Overhead, Run } from "./run.ts"

/** What there is to tell. */
export interface Report {
  readonly machine: MachineName
  /** `undefined` where it was not measured. */
  readonly published: PublishedSource | undefined
  readonly made: Run
}

/** One contender in one comparison. */
interface Row {
  readonly comparison: string
  readonly contender: string
  readonly perSecond: number
  /** Slowest to fastest slice, as a part of the middle one. */
  readonly spread: number
}

/** A figure, and what is wanted of it. */
interface Goal {
  readonly name: string
  readonly what: string
  readonly value: number
  readonly target: number
  readonly isMet: boolean
}

/** What `--json` prints. */
export interface ReportJson {
  readonly machine: MachineName
  readonly published: PublishedSource | undefined
  readonly rows: readonly Row[]
  /** Rates of the first contender over those of each other one, by comparison. Above 1: the first is faster. */
  readonly ratios: Readonly<Record<string, number>>
  readonly goals: readonly Goal[]
  readonly overheads: readonly Overhead[]
}

/** Frames of 20 ms that are spoken in a second. */
const REAL_TIME_PER_SECOND = 50
const SFRAME_PER_SECOND = 150_000

/** Everything, for programs. */
export function toJson({ machine, published, made }: Report): ReportJson {
  return {
    machine,
    published,
    rows: rowsOf(made),
    ratios: Object.fromEntries(made.comparisons.flatMap(ratiosOf)),
    goals: goalsOf(made),
    overheads: made.overheads,
  }
}

/** A report for people, in Markdown. */
export function toText(report: Report): string {
  const { machine, published, made } = report
  const { node, cpu, cores, platform, load } = machine
  const lines = [`Node ${node} on ${cpu}, ${cores} cores, ${platform}`]
  lines.push(
    published === undefined
      ? "Without the published stack; npm run interop:gbp:peer builds it."
      : `Published stack: ${published.release}, ${published.commit}`,
  )
  if (load > cores) lines.push(`The machine is busy (load ${load.toFixed(1)}): run this again when it is not.`)
  lines.push(
    "",
    "| comparison | contender | frames/s | slices apart | first over this |",
    "| --- | --- | --- | --- | --- |",
  )
  for (const { name, measured } of made.comparisons) {
    for (const one of measured) {
      const ratio = one === measured[0] ? "" : ratioOf(measured[0]!, one).toFixed(2)
      const cells = [name, one.name, perSecond(rateOf(one)), `${(spreadOf(one) * 100).toFixed(0)} %`, ratio]
      lines.push(`| ${cells.join(" | ")} |`)
    }
  }
  lines.push("", ...overheadTable(made.overheads), "", ...goalTable(goalsOf(made)))
  return lines.join("\n")
}

function rowsOf({ comparisons }: Run): readonly Row[] {
  return comparisons.flatMap(({ name: comparison, measured }) =>
    measured.map((one) => ({
      comparison,
      contender: one.name,
      perSecond: rateOf(one),
      spread: spreadOf(one),
    })),
  )
}

function ratiosOf({ name, measured }: Comparison): readonly (readonly [string, number])[] {
  const [first, ...others] = measured
  return others.map((other) => [`${name}: ${first!.name} / ${other.name}`, ratioOf(first!, other)])
}

function goalsOf({ comparisons }: Run): readonly Goal[] {
  const goal = (name: string, target: number, per: number, what: string): readonly Goal[] => {
    const rate = comparisons.find((one) => one.name === name)?.measured[0]
    if (rate === undefined) return []
    const value = rateOf(rate) / per
    return [{ name, what, value, target, isMet: value >= target }]
  }
  const realTime = ["play audio, jitter buffer", "play audio, playout", "opus encode", "opus decode"]
  return [
    ...goal("send sframe", SFRAME_PER_SECOND, 1, "SFrame frames of 80 bytes sealed in a second"),
    ...goal("receive sframe", SFRAME_PER_SECOND, 1, "SFrame frames of 80 bytes opened in a second"),
    ...realTime.flatMap((name) => goal(name, 1, REAL_TIME_PER_SECOND, "times as fast as it is spoken, one source")),
  ]
}

function overheadTable(overheads: readonly Overhead[]): readonly string[] {
  const senders = [...new Set(overheads.map(({ sender }) => sender))]
  const kinds = [
    ...new Set(overheads.map(({ stream, codec, contentBytes }) => `${stream}, ${codec}, ${contentBytes} bytes`)),
  ]
  const rows = kinds.map((kind) => {
    const cells = senders.map((sender) => {
      const found = overheads.find(
        (one) => one.sender === sender && `${one.stream}, ${one.codec}, ${one.contentBytes} bytes` === kind,
      )
      return found === undefined ? "" : `${found.frameBytes - found.contentBytes}`
    })
    return `| ${kind} | ${cells.join(" | ")} |`
  })
  return [
    `| bytes of a frame beyond its content | ${senders.join(" | ")} |`,
    `| --- |${" --- |".repeat(senders.length)}`,
    ...rows,
  ]
}

function goalTable(goals: readonly Goal[]): readonly string[] {
  return [
    "| goal | | value | wanted | |",
    "| --- | --- | --- | --- | --- |",
    ...goals.map(({ name, what, value, target, isMet }) => {
      return `| ${name} | ${what} | ${perSecond(value)} | ≥ ${target} | ${isMet ? "met" : "MISSED"} |`
    }),
  ]
}

function perSecond(rate: number): string {
  return rate >= 1000 ? Math.round(rate).toLocaleString("en-US").replaceAll(",", " ") : rate.toPrecision(3)
}
