/**
 * `npm run fuzz -- [--inputs N] [--seed S] [--only NAME] [--first I] [--json]`: gives every decoder N hostile inputs. The
 * same seed and index give the same input; a finding is printed with both and in hex. `--only NAME --seed S --first I
 * --inputs 1` gives that input alone.
 *
 * Exit code 0 without a finding, 1 with one, 2 for a command line that asks for nothing.
 */
import { parseArgs } from "node:util"
import { runTarget } from "./run-target.ts"
import type { FuzzResult } from "./run-target.ts"
import { allTargets } from "./targets.ts"

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
  },
})
const plan = { seed: Number(values.seed), first: Number(values.first), inputs: Number(values.inputs) }
const targets = allTargets().filter(({ name }) => name.includes(values.only))
if (targets.length === 0) fail(`No decoder is called ${values.only}.`)
if (!Object.values(plan).every(Number.isSafeInteger) || plan.first < 0 || plan.inputs < 1) {
  fail("--seed, --first and --inputs are whole numbers, --inputs at least 1.")
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

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
