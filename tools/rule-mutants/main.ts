/**
 * `npm run rules [-- words]`: breaks our rules by hand, one after the other in copies of the tree, and names the test that
 * notices each. Words choose the mutants whose file or sentence has one of them. Exit code 1 if nobody notices one.
 */
import { availableParallelism, setPriority } from "node:os"
import { PlantedTree } from "../checks/planted-tree.ts"
import { ALL_MUTANTS } from "./all-mutants.ts"
import { broken } from "./rule-mutant.ts"
import type { RuleMutant } from "./rule-mutant.ts"
import { verdictOf } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

/** An endless loop is noticed by nobody but this. */
const TIMEOUT_MS = 120_000

const words = process.argv.slice(2)
const chosen = ALL_MUTANTS.filter(
  ({ file, does }) => words.length === 0 || words.some((word) => `${file} ${does}`.includes(word)),
)
setPriority(10)
const waiting = [...chosen]
const counts = { killed: 0, survived: 0, unclear: 0 }
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, runWaiting))
console.log(`${chosen.length} mutants: ${counts.killed} noticed, ${counts.survived} not, ${counts.unclear} unclear`)
process.exitCode = counts.killed === chosen.length && chosen.length > 0 ? 0 : 1

async function runWaiting(): Promise<void> {
  using tree = new PlantedTree()
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const verdict = await tried(tree, mutant)
    counts[verdict.kind] += 1
    console.log(`${mutant.file}: ${mutant.does}\n  ${described(verdict)}`)
  }
}

async function tried(tree: PlantedTree, mutant: RuleMutant): Promise<Verdict> {
  const source = tree.read(mutant.file)
  tree.plant(mutant.file, broken(mutant, source))
  try {
    return verdictOf(await tree.test(mutant.tests, TIMEOUT_MS))
  } finally {
    tree.plant(mutant.file, source)
  }
}

function described(verdict: Verdict): string {
  switch (verdict.kind) {
    case "killed":
      return `noticed by: ${verdict.killer}`
    case "survived":
      return `NOT NOTICED by ${verdict.tests} tests: write the one that is missing`
    case "unclear":
      return `UNCLEAR: ${verdict.because}`
  }
}
