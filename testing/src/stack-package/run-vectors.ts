import { existsSync } from "node:fs"
import process from "node:process"
import { vectorFolder } from "@qpc/wire/node"
import type { SetReport } from "@qpc/wire/vectors"
import { smallLibsodium } from "../../../stack/build/small-libsodium.ts"
import { bundleForBrowsers } from "../chromium/bundle.ts"
import { openPage } from "../chromium/open-page.ts"

declare const runCurve25519: () => Promise<readonly SetReport[]>

/**
 * Runs the published vectors for Ed25519 and X25519 in Chromium, with libsodium as it is in the package. What the returned lines say
 * passed; without the folder of vectors they say that nothing ran.
 *
 * @throws Error naming the first case that failed
 */
export async function runVectors(): Promise<readonly string[]> {
  const folder = process.env["VECTORS_DIR"] ?? new URL("../../../../shared/vectors", import.meta.url).pathname
  if (!existsSync(folder)) return [`vectors in Chromium: NOT RUN, no ${folder}`]
  const bundle = await bundleForBrowsers(new URL("vectors-page.ts", import.meta.url), undefined, [smallLibsodium])
  await using opened = await openPage(bundle, vectorFolder(folder))
  await opened.page.waitForFunction(() => "runCurve25519" in globalThis)
  const reports = await opened.page.evaluate(() => runCurve25519())
  return reports.map(({ name, cases, passed, failures }) => {
    if (passed !== cases) throw new Error(`${name}: ${failures[0] ?? "cases were left out"}`)
    return `${name} in Chromium: ${passed} cases`
  })
}
