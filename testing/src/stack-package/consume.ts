import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath, pathToFileURL } from "node:url"
import { bundleForBrowsers } from "../chromium/bundle.ts"
import type { Bundle } from "../chromium/bundle.ts"
import { openPage } from "../chromium/open-page.ts"
import { run } from "./run.ts"

const CONSUMER = fileURLToPath(new URL("consumer/", import.meta.url))
const TSC = fileURLToPath(new URL("../../../node_modules/typescript/lib/tsc.js", import.meta.url))
const NO_VECTORS = { place: "nowhere", text: () => undefined }

/** Strict, and with the declarations of the package checked too. */
const TSCONFIG = {
  compilerOptions: {
    target: "ES2024",
    lib: ["ES2024", "ESNext.Disposable"],
    module: "NodeNext",
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    outDir: "out",
  },
  files: ["typed.ts"],
}

declare const quickStart: () => Promise<string>

/** An empty project with the package installed from its tarball, without a network. */
export async function newProject(folder: string, tarball: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }))
  cpSync(CONSUMER, folder, { recursive: true })
  const flags = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
  await run("npm", ["install", ...flags, tarball], folder)
}

/** What the quick start prints in plain JavaScript on Node. */
export function runOnNode(folder: string): Promise<string> {
  return run(process.execPath, ["node.js"], folder)
}

/** What a TypeScript program prints after it was checked, once for Node's resolution and once for that of bundlers. */
export async function runTyped(folder: string): Promise<string> {
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG))
  await run(process.execPath, [TSC, "--noEmit", "--module", "ESNext", "--moduleResolution", "bundler"], folder)
  await run(process.execPath, [TSC], folder)
  return run(process.execPath, ["out/typed.js"], folder)
}

/** What the quick start gives in Chromium, from a bundle of an application as a bundler of today makes it. */
export async function runBundled(folder: string): Promise<string> {
  return runInPage(await bundleForBrowsers(pathToFileURL(join(folder, "browser.js"))))
}

/** What the quick start gives in Chromium, from a plain script tag. */
export function runGlobal(folder: string): Promise<string> {
  const read = (path: string): string => readFileSync(join(folder, path), "utf8")
  const script = read("node_modules/gbp-stack/dist/gbp-stack.global.js")
  const files = new Map([
    ["global.js", read("global.js")],
    ["gbp-stack.global.js", script],
  ])
  return runInPage({ entry: "global.js", files })
}

/** Bytes of an application that takes one constant of the package. */
export async function bytesOfOneConstant(folder: string): Promise<number> {
  const { files } = await bundleForBrowsers(pathToFileURL(join(folder, "one-constant.js")))
  return [...files.values()].reduce((sum, code) => sum + code.length, 0)
}

async function runInPage(bundle: Bundle): Promise<string> {
  await using opened = await openPage(bundle, NO_VECTORS)
  await opened.page.waitForFunction(() => "quickStart" in globalThis)
  const said = await opened.page.evaluate(() => quickStart())
  if (opened.complaints.length > 0) throw new Error(`the page complains: ${opened.complaints.join("; ")}`)
  return said
}
