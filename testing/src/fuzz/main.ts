/**
 * `npm run fuzz`: hostile inputs for every decoder. The same seed and index give the same input; a finding is printed with
 * both and in hex. Exit code 0 without a finding, 1 with one.
 */
import { flagsOf, refuse } from "../command-line.ts"
import { runTarget } from "./run-target.ts"
import type { FuzzResult } from "./run-target.ts"
import { allTargets } from "./targets.ts"

const values = flagsOf({
  command: "fuzz",
  purpose:
    "Gives every decoder hostile inputs: it may refuse them with its own error, or decode and encode to the same bytes.",
  flags: {
    inputs: { type: "string", default: "100000", says: "how many for each decoder" },
    seed: { type: "string", default: "1", says: "which ones" },
    first: { type: "string", default: "0", says: "index of the first: to see one finding again, with --inputs 1" },
    only: { type: "string", default: "", says: "only decoders with this in their name" },
    json: { type: "boolean", default: false, says: "print the results as JSON" },
  },
})
const plan = { seed: Number(values.seed), first: Number(values.first), inputs: Number(values.inputs) }
const targets = allTargets().filter(({ name }) => name.includes(values.only))
if (targets.length === 0) refuse(`No decoder is called ${values.only}.`)
if (!Object.values(plan).every(Number.isSafeInteger) || plan.first < 0 || plan.inputs < 1) {
  refuse("--seed, --first and --inputs are whole numbers, --inputs at least 1.")
}

Error.stackTraceLimit = 0 // Most inputs are refused with an error; its stack would cost more than decoding.
if (!values.json) console.log(row("decoder", ["inputs", "accepted", "slowest ms", "findings"]))
const results: FuzzResult[] = []
for (const target of targets) {
  const result = runTarget(target, plan)
  results.push(result)
  if (!values.json) print(result)
}
if (values.json) console.log(JSON.stringify({ ...plan, results }, undefined, 2))
process.exitCode = results.some(({ findings }) => findings.length > 0) ? 1 : 0

function print({ name, inputs, accepted, slowestMs, findings }: FuzzResult): void {
  console.log(row(name, [inputs, accepted, slowestMs.toFixed(1), findings.length]))
  for (const { index, because, hex } of findings) {
    console.log(`  ${because}\n  --only "${name}" --seed ${plan.seed} --first ${index} --inputs 1\n  ${hex}`)
  }
}

function row(name: string, cells: readonly (string | number)[]): string {
  return name.padEnd(28) + cells.map((cell) => String(cell).padStart(11)).join("")
}
