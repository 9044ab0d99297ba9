import type { SetReport } from "./run-set.ts"

const NAME_WIDTH = 36
const SHOWN_FAILURES = 5
const FIELDS = ["sets", "name", "cases", "passed", "failed", "skipped", "why"]

/** Gathers what came of each set, and prints a line for each as it comes. */
export class Report {
  readonly #print: ((line: string) => void) | undefined
  readonly #sets: SetReport[] = []

  /** @param print - where lines go; `undefined` for a report in JSON alone. */
  constructor(print: ((line: string) => void) | undefined) {
    this.#print = print
    this.#print?.(row("set", ["cases", "passed", "failed", "skipped"]))
  }

  add(set: SetReport): void {
    this.#sets.push(set)
    const why = set.why === undefined ? "" : `  ${set.why}`
    this.#print?.(row(set.name, [set.cases, set.passed, set.failed, set.skipped]) + why)
    for (const failure of set.failures.slice(0, SHOWN_FAILURES)) this.#print?.(`    ${failure}`)
  }

  /** False if a case failed, and if none passed: a run that ran nothing has shown nothing. */
  get isGood(): boolean {
    return this.#sum("failed") === 0 && this.#sum("passed") > 0
  }

  json(): string {
    return JSON.stringify({ sets: this.#sets }, FIELDS, 2)
  }

  summary(): string {
    const [passed, failed, skipped] = [this.#sum("passed"), this.#sum("failed"), this.#sum("skipped")]
    return `\n${passed} passed, ${failed} failed, ${skipped} skipped of ${this.#sum("cases")}`
  }

  #sum(field: "cases" | "passed" | "failed" | "skipped"): number {
    return this.#sets.reduce((sum, set) => sum + set[field], 0)
  }
}

function row(name: string, counts: readonly (string | number)[]): string {
  return name.padEnd(NAME_WIDTH) + counts.map((count) => String(count).padStart(8)).join("")
}
