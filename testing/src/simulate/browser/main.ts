/**
 * `npm run simulate:chromium`: the same seeds in Node and in a headless Chromium, which must see the same to the byte. Exit code
 * 0 when they do and nothing was violated, 1 otherwise.
 */
import { NoChromiumError } from "../../chromium/find-chromium.ts"
import { bundleForBrowsers } from "../../chromium/bundle.ts"
import { openPage } from "../../chromium/open-page.ts"
import { flagsOf, refuse } from "../../command-line.ts"
import { runSeeds } from "../seed-pool.ts"
import type { PageReport } from "./page.ts"

declare const runSeed: (seed: string) => Promise<PageReport>

const values = flagsOf({
  command: "simulate:chromium",
  purpose: "Runs seeds in Node and in a headless Chromium, and compares everything that happened.",
  flags: {
    seeds: { type: "string", default: "20", says: "how many seeds" },
    start: { type: "string", default: "1", says: "the first of them" },
  },
})

const start = toBigInt(values.start)
const end = start + toBigInt(values.seeds)
const standIn = new URL("node-stand-ins.ts", import.meta.url)
const bundle = await bundleForBrowsers(new URL("page.ts", import.meta.url), {
  importers: /\/server\/src\/|\/network-of\.ts$/u,
  modules: { "node:crypto": standIn, "node:net": standIn },
})
try {
  await compare()
} catch (error) {
  if (error instanceof NoChromiumError) refuse(error.message)
  throw error
}

async function compare(): Promise<void> {
  await using opened = await openPage(bundle, { place: "no vectors", text: () => undefined })
  if (opened.complaints.length > 0) throw new Error(`the page does not start: ${opened.complaints.join("; ")}`)
  let failed = 0
  for await (const inNode of runSeeds({ start, end, jobs: 1 })) {
    const seed = String(inNode.seed)
    const inPage = await opened.page.evaluate((wanted) => runSeed(wanted), seed)
    const isSame = inPage.hash === inNode.hash
    if (!isSame) console.log(`seed ${seed}: Chromium saw ${inPage.hash}, Node ${inNode.hash}`)
    if (inPage.violations > 0) console.log(`seed ${seed}: ${inPage.violations} violations in Chromium`)
    if (!isSame || inPage.violations > 0) failed += 1
  }
  for (const complaint of opened.complaints) console.log(`the page: ${complaint}`)
  console.log(`${end - start} seeds in Chromium ${opened.version}: ${failed} differ from Node or failed`)
  process.exitCode = failed + opened.complaints.length > 0 ? 1 : 0
}

function toBigInt(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text)
  refuse(`not a number: ${text}`)
}
