/** `npm run conformance`: every set of published test vectors. Exit code 0 when cases passed and none failed, 1 otherwise. */
import { existsSync } from "node:fs"
import { cryptoVectorSets, loadBrowserVectorProvider, nodeVectorProvider } from "@qpc/crypto/conformance"
import type { VectorProvider } from "@qpc/crypto/conformance"
import { groupVectorSets, treeVectorSets } from "@qpc/mls/conformance"
import { sframeVectorSets } from "@qpc/sframe/conformance"
import { vectorFolder, wireVectorSets } from "@qpc/wire/conformance"
import type { VectorFiles, VectorSet } from "@qpc/wire/conformance"
import { NoChromiumError } from "../chromium/find-chromium.ts"
import { flagsOf, refuse } from "../command-line.ts"
import { checklistSets } from "./checklist-sets.ts"
import { goldenSets } from "./golden-sets.ts"
import { setsNotRun } from "./not-run.ts"
import { Report } from "./report.ts"
import { runSafely } from "./run-set.ts"

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
else for (const set of setsOf(files, await loadProvider(values.provider))) report.add(runSafely(set))
if (values.provider === "node") {
  for (const set of goldenSets()) report.add(runSafely(set))
  for (const set of await checklistSets()) report.add(set)
}
for (const set of setsNotRun(vectorsDir)) report.add(runSafely(set))
console.log(values.json ? report.json() : report.summary())
process.exitCode = report.isGood ? 0 : 1

function setsOf(from: VectorFiles, provider: VectorProvider): VectorSet[] {
  return [
    ...treeVectorSets(from, provider.suites),
    ...groupVectorSets(from, provider.suites),
    ...cryptoVectorSets(from, provider),
    ...sframeVectorSets(from, provider.sframeCiphers),
    ...wireVectorSets(from),
  ]
}

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
