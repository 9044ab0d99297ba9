/** `npm run conformance`: every set of published test vectors. Exit code 0 when cases passed and none failed, 1 otherwise. */
import { existsSync } from "node:fs"
import { loadBrowserVectorProvider, nodeVectorProvider } from "@qpc/crypto/vectors"
import type { VectorProvider } from "@qpc/crypto/vectors"
import { vectorFolder } from "@qpc/wire/node"
import { runSafely } from "@qpc/wire/vectors"
import type { VectorFiles } from "@qpc/wire/vectors"
import { checklistSets, goldenSets, Report } from "gbp-node/report"
import { vectorSets } from "gbp-node/vectors"
import { NoChromiumError } from "../chromium/find-chromium.ts"
import { flagsOf, refuse } from "../command-line.ts"
import { setsNotRun } from "./not-run.ts"

/** Of the simulated network's delays and losses. */
const SEEDS = [1, 2, 3]

const values = flagsOf({
  command: "conformance",
  purpose: "Runs every set of published test vectors with all cipher suites and says what came of it.",
  flags: {
    json: { type: "boolean", default: false, says: "print the counts as JSON" },
    provider: { type: "string", default: "node", says: "whose primitives to run: node, or browser" },
    chromium: { type: "boolean", default: false, says: "run the browser's primitives in a real Chromium" },
  },
})
const vectorsDir = process.env["VECTORS_DIR"] ?? new URL("../../../../shared/vectors", import.meta.url).pathname
if (!existsSync(vectorsDir)) refuse(`No test vectors at ${vectorsDir}. Set VECTORS_DIR to the folder that holds them.`)
if (values.chromium && values.provider !== "browser")
  refuse("Chromium runs the browser's primitives: --provider browser")

const report = new Report(values.json ? undefined : console.log)
const files = vectorFolder(vectorsDir)
if (values.chromium) await runThere(files)
else for (const set of vectorSets(files, await loadProvider(values.provider))) report.add(runSafely(set))
if (values.provider === "node") {
  for (const set of goldenSets()) report.add(runSafely(set))
  for await (const set of checklistSets(SEEDS, Date.now())) report.add(set)
}
for (const set of setsNotRun(vectorsDir)) report.add(runSafely(set))
console.log(values.json ? JSON.stringify(report.data, null, 2) : report.summary().join("\n"))
process.exitCode = report.isGood ? 0 : 1

/** Loads what drives Chromium only when it is wanted: everybody else runs without it. */
async function runThere(from: VectorFiles): Promise<void> {
  const { runInChromium } = await import("../chromium/run-in-chromium.ts")
  try {
    await runInChromium(from, (set) => report.add(set))
  } catch (error) {
    if (error instanceof NoChromiumError) refuse(error.message)
    throw error
  }
}

function loadProvider(name: string): VectorProvider | Promise<VectorProvider> {
  if (name === "node") return nodeVectorProvider()
  if (name === "browser") return loadBrowserVectorProvider()
  return refuse(`There is no provider ${name}: node or browser.`)
}
