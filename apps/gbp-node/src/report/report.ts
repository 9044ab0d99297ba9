import type { SetReport } from "@qpc/wire/vectors"
import { howToGet } from "../vectors/origins.ts"

/** One item of the interoperability profile's checklist, and why it failed, if it did. */
export interface ReportedItem {
  readonly number: number
  readonly title: string
  readonly failure?: string
}

/** What came of one set. */
export type ReportedSet = SetReport & { readonly items?: readonly ReportedItem[] }

/** The report as data: what `--json` prints. */
export interface ReportData {
  readonly sets: readonly {
    readonly name: string
    readonly cases: number
    readonly passed: number
    readonly failed: number
    readonly skipped: number
    /** Why cases were skipped, or what else there is to know. */
    readonly why?: string
    /** Where to get the file that was missing. */
    readonly howToGet?: string
    /** What failed, the first five. */
    readonly failures?: readonly string[]
    /** The items of a checklist. */
    readonly items?: readonly ReportedItem[]
  }[]
  readonly cases: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const NAME_WIDTH = 36
const SHOWN_FAILURES = 5

/** Gathers what came of each set, and prints a line for each as it comes. */
export class Report {
  readonly #print: ((line: string) => void) | undefined
  readonly #sets: ReportedSet[] = []

  /** @param print - where lines go; `undefined` for a report that is read as data alone. */
  constructor(print: ((line: string) => void) | undefined) {
    this.#print = print
    this.#print?.(row("set", ["cases", "passed", "failed", "skipped"]))
  }

  add(set: ReportedSet): void {
    this.#sets.push(set)
    const why = set.why === undefined ? "" : `  ${set.why}`
    this.#print?.(row(set.name, [set.cases, set.passed, set.failed, set.skipped]) + why)
    if (set.items === undefined) for (const failure of shown(set.failures)) this.#print?.(`    ${failure}`)
    for (const { number, title, failure } of set.items ?? []) {
      this.#print?.(`    ${number} ${title}: ${failure ?? "passed"}`)
    }
  }

  /** False if a case failed, and if none passed: a run that ran nothing has shown nothing. */
  get isGood(): boolean {
    return this.#sum("failed") === 0 && this.#sum("passed") > 0
  }

  get data(): ReportData {
    const { passed, failed, skipped, cases } = this.#counts()
    return { sets: this.#sets.map(dataOf), cases, passed, failed, skipped }
  }

  /** How to get the files of the sets that were skipped for want of them, one line for each origin; then all in numbers. */
  summary(): string[] {
    const { passed, failed, skipped, cases } = this.#counts()
    const wanted = new Set(
      this.#sets.flatMap(({ missing }) => (missing === undefined ? [] : (howToGet(missing) ?? []))),
    )
    const lines =
      wanted.size === 0 ? [] : ["", "To run what was skipped for want of its file, put", ...indented(wanted)]
    return [...lines, "", `${passed} passed, ${failed} failed, ${skipped} skipped of ${cases}`]
  }

  #counts(): Omit<ReportData, "sets"> {
    return {
      cases: this.#sum("cases"),
      passed: this.#sum("passed"),
      failed: this.#sum("failed"),
      skipped: this.#sum("skipped"),
    }
  }

  #sum(field: "cases" | "passed" | "failed" | "skipped"): number {
    return this.#sets.reduce((sum, set) => sum + set[field], 0)
  }
}

function dataOf({ failures, missing, ...set }: ReportedSet): ReportData["sets"][number] {
  const how = missing === undefined ? undefined : howToGet(missing)
  return {
    ...set,
    ...(how === undefined ? {} : { howToGet: how }),
    ...(failures.length === 0 ? {} : { failures: shown(failures) }),
  }
}

const shown = (failures: readonly string[]): readonly string[] => failures.slice(0, SHOWN_FAILURES)
const indented = (lines: Iterable<string>): string[] => Array.from(lines, (line) => `  ${line}`)

function row(name: string, counts: readonly (string | number)[]): string {
  return name.padEnd(NAME_WIDTH) + counts.map((count) => String(count).padStart(8)).join("")
}
