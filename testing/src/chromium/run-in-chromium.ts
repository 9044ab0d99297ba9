import { chromium } from "playwright-core"
import type { Page } from "playwright-core"
import type { VectorFiles } from "@qpc/wire/conformance"
import type { SetReport } from "../conformance/run-set.ts"
import { bundleForBrowsers } from "./bundle.ts"
import { findChromium } from "./find-chromium.ts"
import { servePage } from "./serve-page.ts"

/** Nothing of Chromium's own that would use the network or the processor beside the page. */
const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

declare const runAll: () => Promise<void>

/**
 * Runs all vectors, and a conversation, with the browser's primitives in a headless Chromium with an empty profile.
 *
 * @param onReport - called for each set as it is done, last for the page's console, which must be free of errors.
 * @throws NoChromiumError; Error if the bundle needs modules of Node
 */
export async function runInChromium(vectors: VectorFiles, onReport: (report: SetReport) => void): Promise<void> {
  const executablePath = findChromium(process.env["QPC_CHROMIUM"])
  const bundle = await bundleForBrowsers(new URL("page.ts", import.meta.url))
  await using server = await servePage(bundle, vectors)
  const browser = await chromium.launch({ executablePath, args: FLAGS })
  try {
    const page = await browser.newPage()
    const complaints = complaintsOf(page)
    await page.exposeFunction("report", onReport)
    await page.goto(server.url)
    await page.evaluate(() => runAll())
    onReport(consoleReport(browser.version(), complaints))
  } finally {
    await browser.close()
  }
}

/** Grows while the page lives. */
function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = []
  page.on("pageerror", (error) => complaints.push(String(error)))
  page.on("crash", () => complaints.push("the page crashed"))
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text())
  })
  return complaints
}

function consoleReport(version: string, complaints: readonly string[]): SetReport {
  const failed = complaints.length > 0 ? 1 : 0
  const counts = { cases: 1, passed: 1 - failed, failed, skipped: 0 }
  return { name: "no error on the page's console", ...counts, why: `Chromium ${version}`, failures: complaints }
}
