/**
 * `npm run conformance [-- --json] [-- --provider browser [--chromium]]`: runs every set of published test vectors with
 * all cipher suites and says what came of it. The browser's primitives run in Node, or in a real Chromium if asked.
 *
 * Exit code 0 when cases passed and none failed, 1 otherwise, 2 when the vectors or Chromium are not there.
 */
import { existsSync } from "node:fs"
import { parseArgs } from "node:util"
import { cryptoVectorSets, loadBrowserVectorProvider, nodeVectorProvider } from "@qpc/crypto/conformance"
import type { VectorProvider } from "@qpc/crypto/conformance"
import { groupVectorSets, treeVectorSets } from "@qpc/mls/conformance"
import { vectorFolder, wireVectorSets } from "@qpc/wire/conformance"
import type { VectorFiles, VectorSet } from "@qpc/wire/conformance"
import { NoChromiumError } from "../chromium/find-chromium.ts"
import { setsNotRun } from "./not-run.ts"
import { Report } from "./report.ts"
import { runSafely } from "./run-set.ts"

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    provider: { type: "string", default: "node" },
    chromium: { type: "boolean", default: false },
  },
})
const vectorsDir = process.env["VECTORS_DIR"] ?? new URL("../../../../shared/vectors", import.meta.url).pathname
if (!existsSync(vectorsDir)) fail(`No test vectors at ${vectorsDir}. Set VECTORS_DIR to the folder that holds them.`)
if (values.chromium && values.provider !== "browser") fail("Chromium runs the browser's primitives: --provider browser")

const report = new Report(values.json ? undefined : console.log)
const files = vectorFolder(vectorsDir)
if (values.chromium) await runThere(files)
else for (const set of setsOf(files, await loadProvider(values.provider))) report.add(runSafely(set))
for (const set of setsNotRun(vectorsDir)) report.add(runSafely(set))
console.log(values.json ? report.json() : report.summary())
process.exitCode = report.isGood ? 0 : 1

function setsOf(from: VectorFiles, provider: VectorProvider): VectorSet[] {
  return [
    ...treeVectorSets(from, provider.suites),
    ...groupVectorSets(from, provider.suites),
    ...cryptoVectorSets(from, provider),
    ...wireVectorSets(from),
  ]
}

/** Loads what drives Chromium only when it is wanted: everybody else runs without it. */
async function runThere(from: VectorFiles): Promise<void> {
  const { runInChromium } = await import("../chromium/run-in-chromium.ts")
  try {
    await runInChromium(from, (set) => report.add(set))
  } catch (error) {
    if (error instanceof NoChromiumError) fail(error.message)
    throw error
  }
}

function loadProvider(name: string): VectorProvider | Promise<VectorProvider> {
  if (name === "node") return nodeVectorProvider()
  if (name === "browser") return loadBrowserVectorProvider()
  return fail(`There is no provider ${name}: node or browser.`)
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
