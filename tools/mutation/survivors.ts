import { basename } from "node:path"

/** A mutant in Stryker's report: what stands at `location` was replaced. Lines and columns count from 1. */
export interface Mutant {
  readonly mutatorName: string
  readonly replacement?: string
  readonly status: string
  readonly statusReason?: string
  readonly location: { readonly start: Position; readonly end: Position }
}

interface Position {
  readonly line: number
  readonly column: number
}

/** Stryker's report, as far as it is read here. Files go by their path from the root of the project. */
export interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>
}

/** A mutant that no test can or need notice, found again by its text, since lines move. */
export interface Excused {
  readonly file: string
  /** The line on which it begins, without indentation. */
  readonly line: string
  /** What is replaced, with single spaces, cut where it is long. */
  readonly original: string
  readonly replacement: string
  /** Why nobody can tell the difference, or why the difference does no harm. */
  readonly why: string
}

/** What came of a run. Both lists must be empty. */
export interface Verdict {
  /** Survivors without a reason, in words. */
  readonly unexplained: readonly Survivor[]
  /** Entries of the list that no survivor matches: the mutant is killed by now, or its code has changed. */
  readonly outdated: readonly Excused[]
}

/** A mutant that no test noticed. */
interface Survivor extends Omit<Excused, "why"> {
  readonly at: number
  readonly mutator: string
  /** How it ended, in Stryker's words. */
  readonly ended: string
}

/** Compares the survivors of a run with those that have a reason. Only files that were mutated are judged. */
export function judge(report: Report, excused: readonly Excused[]): Verdict {
  const survivors = survivorsOf(report)
  return {
    unexplained: survivors.filter((survivor) => !isExcused(survivor, excused)),
    outdated: excused.filter(
      (entry) => entry.file in report.files && !survivors.some((survivor) => keyOf(entry) === keyOf(survivor)),
    ),
  }
}

function isExcused(survivor: Survivor, excused: readonly Excused[]): boolean {
  return excused.some((entry) => keyOf(entry) === keyOf(survivor))
}

/** Where the mutants are that a run missed. In the form that Stryker wants: columns count from 0 there. */
export function rangesMissed(report: Report): string[] {
  return Object.entries(report.files).flatMap(([file, { mutants }]) =>
    mutants
      .filter((mutant) => !isNoticed(mutant))
      .map(({ location: { start, end } }) => {
        return `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`
      }),
  )
}

/** A first report with what a second run, before more tests, found out about the mutants that the first one missed. */
export function withSecondLook(first: Report, second: Report): Report {
  const files = Object.entries(first.files).map(([file, { source, mutants }]) => {
    const found = new Map(second.files[file]?.mutants.map((mutant) => [placeOf(mutant), mutant]))
    const whole = mutants.map((mutant) => (isNoticed(mutant) ? mutant : (found.get(placeOf(mutant)) ?? mutant)))
    return [file, { source, mutants: whole }] as const
  })
  return { files: { ...second.files, ...Object.fromEntries(files) } }
}

function placeOf({ location, replacement }: Mutant): string {
  return JSON.stringify([location, replacement])
}

/** How many mutants ended how, in Stryker's words. */
export function countByStatus(report: Report): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { mutants } of Object.values(report.files)) {
    for (const { status } of mutants) counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

/** What became of the mutants of each file, as rows of a table in Markdown: file, mutants, noticed, excused. */
export function rowsOf(report: Report, excused: readonly Excused[]): string[] {
  const survivors = survivorsOf(report)
  return Object.entries(report.files).map(([file, { mutants }]) => {
    const left = survivors.filter((survivor) => survivor.file === file)
    const withReason = left.filter((survivor) => isExcused(survivor, excused)).length
    return `| \`${basename(file)}\` | ${mutants.length} | ${mutants.length - left.length} | ${withReason} |`
  })
}

/**
 * How Stryker begins when a test file could not even be loaded. None of its tests ran, so that none could fail, but the run
 * of the tests did. Any other error outside of a test may be the machine's.
 */
const FILE_NOT_LOADED = /^An error occurred outside of a test run: \S+\.test\.ts: /

function isNoticed({ status, statusReason }: Mutant): boolean {
  // An endless loop is one that no run of the tests could miss.
  if (status === "Killed" || status === "Timeout") return true
  return status === "RuntimeError" && FILE_NOT_LOADED.test(statusReason ?? "")
}

/** Long enough to tell two expressions of a line apart, short enough to be read. */
const TEXT_MAX = 100

function survivorsOf(report: Report): Survivor[] {
  return Object.entries(report.files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split("\n")
    return mutants
      .filter((mutant) => !isNoticed(mutant))
      .map((mutant) => ({
        file,
        at: mutant.location.start.line,
        mutator: mutant.mutatorName,
        ended: mutant.statusReason === undefined ? mutant.status : `${mutant.status}: ${oneLine(mutant.statusReason)}`,
        line: lines[mutant.location.start.line - 1]!.trim(),
        original: oneLine(textAt(lines, mutant.location.start, mutant.location.end)),
        replacement: oneLine(mutant.replacement ?? ""),
      }))
  })
}

function textAt(lines: readonly string[], start: Position, end: Position): string {
  const taken = lines.slice(start.line - 1, end.line)
  taken.push(taken.pop()!.slice(0, end.column - 1))
  return taken.join("\n").slice(start.column - 1)
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ")
  return line.length > TEXT_MAX ? `${line.slice(0, TEXT_MAX)}…` : line
}

function keyOf({ file, line, original, replacement }: Omit<Excused, "why">): string {
  return JSON.stringify([file, line, original, replacement])
}
