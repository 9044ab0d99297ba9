import type { Outcome } from "./matrix.ts"

const MARKS = { passed: "ok", failed: "FAILED", unsupported: "–" } as const
const HANDSHAKES = ["private", "public"] as const

/** A table of stories by suites, two marks a cell: with private and with public handshake messages. */
export function report(outcomes: readonly Outcome[]): string {
  const suites = [...new Set(outcomes.map(({ cipherSuite }) => cipherSuite))]
  const scripts = [...new Set(outcomes.map(({ script }) => script))]
  const width = Math.max(6, ...scripts.map((script) => script.length))
  const header = ["script".padEnd(width), ...suites.map((id) => `suite ${id}`.padStart(15))].join("")
  const rows = scripts.map((script) => {
    const cells = suites.map((id) => cellOf(outcomes, script, id).padStart(15))
    return [script.padEnd(width), ...cells].join("")
  })
  return [header, ...rows, "", ...reasons(outcomes), totals(outcomes)].join("\n")
}

function cellOf(outcomes: readonly Outcome[], script: string, cipherSuite: number): string {
  const marks = HANDSHAKES.flatMap((handshake) =>
    outcomes
      .filter((row) => row.script === script && row.cipherSuite === cipherSuite && row.handshake === handshake)
      .map(({ result }) => MARKS[result]),
  )
  return marks.length === 0 ? "" : marks.join(" / ")
}

/** Why something failed or was not played, each reason once. */
function reasons(outcomes: readonly Outcome[]): string[] {
  const byReason = new Map<string, Outcome[]>()
  for (const outcome of outcomes) {
    if (outcome.because !== undefined)
      byReason.set(outcome.because, [...(byReason.get(outcome.because) ?? []), outcome])
  }
  const lines = [...byReason].map(([because, rows]) => {
    const scripts = [...new Set(rows.map(({ script }) => script))].join(", ")
    return `${MARKS[rows[0]!.result]} ${scripts} (${rows.length}×): ${because}`
  })
  return lines.length === 0 ? [] : [...lines, ""]
}

function totals(outcomes: readonly Outcome[]): string {
  const count = (result: Outcome["result"]): number => outcomes.filter((row) => row.result === result).length
  const seconds = Math.round(outcomes.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000)
  const first = outcomes[0]
  const stacks = first === undefined ? "nobody" : first.stacks.join(", ")
  return (
    `${stacks}: ${count("passed")} passed, ${count("failed")} failed, ` +
    `${count("unsupported")} not possible of ${outcomes.length} in ${seconds} s`
  )
}
