import { chromium } from "playwright-core"
import type { Page } from "playwright-core"
import type { VectorFiles } from "@qpc/wire/vectors"
import type { Bundle } from "./bundle.ts"
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

/** A page of ours in a headless Chromium with an empty profile. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page
  /** Of Chromium. */
  readonly version: string
  /** What went wrong in the page, also behind its back; grows while it lives. */
  readonly complaints: readonly string[]
}

/**
 * Opens a bundle as a page.
 *
 * @param vectors - files that it can fetch under `/vectors/`
 * @param prepare - called before anything of the bundle runs
 * @throws NoChromiumError
 */
export async function openPage(
  bundle: Bundle,
  vectors: VectorFiles,
  prepare: (page: Page) => Promise<void> = async () => {},
): Promise<OpenPage> {
  const executablePath = findChromium(process.env["QPC_CHROMIUM"])
  await using stack = new AsyncDisposableStack()
  const server = stack.use(await servePage(bundle, vectors))
  const browser = await chromium.launch({ executablePath, args: FLAGS })
  stack.defer(() => browser.close())
  const page = await browser.newPage()
  const complaints = complaintsOf(page)
  await prepare(page)
  await page.goto(server.url)
  const opened = stack.move()
  return {
    page,
    version: browser.version(),
    complaints,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = []
  page.on("pageerror", (error) => complaints.push(String(error)))
  page.on("crash", () => complaints.push("the page crashed"))
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text())
  })
  return complaints
}
