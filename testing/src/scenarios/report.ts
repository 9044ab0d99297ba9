import type { CipherSuite } from "@qpc/crypto"
import { judge } from "./expect.ts"
import type { NotExpected } from "./expect.ts"
import type { Mode } from "./participant.ts"
import { run } from "./run.ts"
import type { NotRun } from "./run.ts"
import type { ScenarioFile } from "./scenario.ts"

/** What became of a scenario in one mode. */
interface ModeReport {
  readonly mode: Mode
  readonly result: "passed" | "failed" | "not_run"
  readonly failures: readonly string[]
  /** The first step that has no meaning in this mode. */
  readonly notRun: NotRun | undefined
  readonly notExpected: readonly NotExpected[]
}

/** What became of a scenario. It passed if it did in one mode and failed in none. */
export interface FileReport {
  readonly file: string
  readonly name: string
  readonly steps: number
  readonly result: "passed" | "failed" | "not_run"
  readonly modes: readonly ModeReport[]
}

const MODES: readonly Mode[] = ["serverless", "ordered"]

/** Plays a scenario in both modes. */
export function reportOn(suite: CipherSuite, scenario: ScenarioFile): FileReport {
  const modes = MODES.map((mode) => reportMode(suite, scenario, mode))
  const has = (result: ModeReport["result"]): boolean => modes.some((one) => one.result === result)
  const result = has("failed") ? "failed" : has("passed") ? "passed" : "not_run"
  return { file: scenario.file, name: scenario.name, steps: scenario.steps.length, result, modes }
}

function reportMode(suite: CipherSuite, scenario: ScenarioFile, mode: Mode): ModeReport {
  const played = run(suite, scenario, mode)
  if (played.notRun !== undefined) {
    return { mode, result: "not_run", failures: [], notRun: played.notRun, notExpected: [] }
  }
  const { failures, notExpected } = judge(scenario, played, mode)
  return { mode, result: failures.length > 0 ? "failed" : "passed", failures, notRun: undefined, notExpected }
}

const NAMES: Readonly<Record<Mode, string>> = { serverless: "without a server", ordered: "with a server" }

/** A report for people. */
export function textOf({ name, steps, result, modes }: FileReport): string {
  const lines = modes.flatMap((report) => [
    `  ${NAMES[report.mode].padEnd(17)} ${sayOf(report)}`,
    ...failuresOf(report),
  ])
  return [`${result === "not_run" ? "not run" : result}  ${name} (${steps} steps)`, ...lines].join("\n")
}

/** The list for `docs/testing.md`. */
export function tableOf(reports: readonly FileReport[]): string {
  const rows = reports.map(({ name, modes }) => `| ${[name, ...modes.map(sayOf)].join(" | ")} |`)
  return ["| scenario | without a server | with a server |", "| --- | --- | --- |", ...rows].join("\n")
}

function sayOf({ result, notRun, notExpected }: ModeReport): string {
  if (notRun !== undefined) return `from step ${notRun.index} (\`${notRun.type}\`) not run: ${notRun.why}`
  const types = [...new Set(notExpected.map(({ type }) => type))].map((type) => `\`${type}\``)
  return types.length === 0 ? result : `${result}, without ${types.join(", ")}: ${notExpected[0]!.why}`
}

function failuresOf({ failures }: ModeReport): readonly string[] {
  return failures.map((failure) => `    ${failure}`)
}
