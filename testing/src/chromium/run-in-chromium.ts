import type { SetReport, VectorFiles } from "@qpc/wire/vectors"
import { bundleForBrowsers } from "./bundle.ts"
import { openPage } from "./open-page.ts"

declare const runAll: () => Promise<void>

/**
 * Runs all vectors, and a conversation, with the browser's primitives in a headless Chromium with an empty profile.
 *
 * @param onReport - called for each set as it is done, last for the page's console, which must be free of errors.
 * @throws NoChromiumError; Error if the bundle needs modules of Node
 */
export async function runInChromium(vectors: VectorFiles, onReport: (report: SetReport) => void): Promise<void> {
  const bundle = await bundleForBrowsers(new URL("page.ts", import.meta.url))
  await using opened = await openPage(
    bundle,
    vectors,
    async (page) => void (await page.exposeFunction("report", onReport)),
  )
  await opened.page.evaluate(() => runAll())
  onReport(consoleReport(opened.version, opened.complaints))
}

function consoleReport(version: string, complaints: readonly string[]): SetReport {
  const failed = complaints.length > 0 ? 1 : 0
  const counts = { cases: 1, passed: 1 - failed, failed, skipped: 0 }
  return { name: "no error on the page's console", ...counts, why: `Chromium ${version}`, failures: complaints }
}
