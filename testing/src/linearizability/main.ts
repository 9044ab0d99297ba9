/**
 * `npm run linearizability`: lets clients use the real server at the same time, and looks for an order of their calls that
 * explains all answers. Exit code 0 if there is one for every history, 1 otherwise.
 */
import { flagsOf, refuse } from "../command-line.ts"
import { findViolations, TOPICS } from "./find-violations.ts"
import type { Findings } from "./find-violations.ts"
import { STORAGES, withStorage } from "./storages.ts"

const values = flagsOf({
  command: "linearizability",
  purpose: "Looks for an order of overlapping calls to the server that explains every answer.",
  flags: {
    histories: { type: "string", default: "2000", says: "how many on each store, shared by what they are about" },
    seed: { type: "string", default: "1", says: "which ones" },
    answers: { type: "boolean", default: false, says: "print how often each answer was given" },
  },
})
const [histories, seed] = [Number(values.histories), Number(values.seed)]
if (!Number.isSafeInteger(histories) || histories < TOPICS.length || !Number.isSafeInteger(seed)) {
  refuse(`--histories and --seed are whole numbers, --histories at least ${TOPICS.length}.`)
}

let violationCount = 0
console.log(row(["store", "about", "histories", "calls", "overlaps", "lost answers", "unexplained"]))
for (const name of STORAGES) {
  for (const [at, topic] of TOPICS.entries()) {
    const share = Math.floor((histories + at) / TOPICS.length)
    const found = await withStorage(name, (storage) => findViolations(storage, { topic, histories: share, seed }))
    const { calls, overlaps, lost, violations } = found
    console.log(row([name, topic, share, calls, overlaps, lost, violations.length]))
    for (const violation of violations) console.log(violation)
    if (values.answers) printAnswers(found)
    violationCount += violations.length
  }
}
process.exitCode = violationCount > 0 ? 1 : 0

function printAnswers({ answers }: Findings): void {
  for (const answer of [...answers.keys()].toSorted((a, b) => a.localeCompare(b, "en"))) {
    console.log(`  ${String(answers.get(answer)).padStart(7)} ${answer}`)
  }
}

function row(cells: readonly (string | number)[]): string {
  return cells
    .map((cell) => String(cell).padEnd(13))
    .join(" ")
    .trimEnd()
}
