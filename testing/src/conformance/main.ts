/**
 * `npm run conformance [-- --json] [-- --provider browser]`: runs every set of published test vectors with all cipher
 * suites and says what came of it; with the browser's primitives if asked, which run here as well.
 *
 * Exit code 0 when nothing failed, 1 when a case failed, 2 when the vectors are not there.
 */
import { existsSync } from "node:fs"
import { parseArgs } from "node:util"
import { cryptoVectorSets, loadBrowserVectorProvider, nodeVectorProvider } from "@qpc/crypto/conformance"
import { groupVectorSets, treeVectorSets } from "@qpc/mls/conformance"
import type { VectorProvider } from "@qpc/crypto/conformance"
import { vectorFolder, wireVectorSets } from "@qpc/wire/conformance"
import { setsNotRun } from "./not-run.ts"
import type { VectorResult, VectorSet } from "@qpc/wire/conformance"

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, provider: { type: "string", default: "node" } },
})
const vectorsDir = process.env["VECTORS_DIR"] ?? new URL("../../../../shared/vectors", import.meta.url).pathname
if (!existsSync(vectorsDir)) {
  console.error(`No test vectors at ${vectorsDir}. Set VECTORS_DIR to the folder that holds them.`)
  process.exit(2)
}

const files = vectorFolder(vectorsDir)
const provider = await loadProvider(values.provider)
const sets: VectorSet[] = [
  ...treeVectorSets(files, provider.suites),
  ...groupVectorSets(files, provider.suites),
  ...cryptoVectorSets(files, provider),
  ...wireVectorSets(files),
  ...setsNotRun(vectorsDir),
]

const results = sets.map((set) => Object.assign({ name: set.name }, runSafely(set)))
if (values.json) {
  console.log(JSON.stringify({ sets: results }, ["sets", "name", "cases", "passed", "failed", "skipped", "why"], 2))
} else {
  printTable(results)
}
process.exitCode = results.some((result) => result.failed > 0) ? 1 : 0

function loadProvider(name: string): VectorProvider | Promise<VectorProvider> {
  if (name === "node") return nodeVectorProvider()
  if (name === "browser") return loadBrowserVectorProvider()
  console.error(`There is no provider ${name}: node or browser.`)
  process.exit(2)
}

/** A runner that throws counts as one failed case: a broken runner must never look like a passed set. */
function runSafely(set: VectorSet): VectorResult {
  try {
    const result = set.run()
    if (result.passed + result.failed + result.skipped !== result.cases) {
      return { ...result, failed: result.failed + 1, failures: ["the counts do not add up"] }
    }
    return result
  } catch (error) {
    return { cases: 1, passed: 0, failed: 1, skipped: 0, failures: [String(error)] }
  }
}

function printTable(rows: readonly ({ readonly name: string } & VectorResult)[]): void {
  const width = Math.max(...rows.map((row) => row.name.length))
  console.log(`${"set".padEnd(width)}${cell("cases")}${cell("passed")}${cell("failed")}${cell("skipped")}`)
  for (const row of rows) {
    const counts = cell(row.cases) + cell(row.passed) + cell(row.failed) + cell(row.skipped)
    console.log(`${row.name.padEnd(width)}${counts}${row.why === undefined ? "" : `  ${row.why}`}`)
    for (const failure of row.failures.slice(0, 5)) console.log(`    ${failure}`)
  }
  const sum = (field: "cases" | "passed" | "failed" | "skipped"): number => rows.reduce((n, row) => n + row[field], 0)
  console.log(`\n${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped of ${sum("cases")}`)
}

/** One column of counts. */
function cell(value: string | number): string {
  return String(value).padStart(7)
}
