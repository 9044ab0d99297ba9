// Packs gbp-stack, installs it elsewhere, and uses it as others do: npm run stack:package
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import { bytesOfOneConstant, newProject, runBundled, runGlobal, runOnNode, runTyped } from "./consume.ts"
import { runVectors } from "./run-vectors.ts"
import { run } from "./run.ts"
import { measureSizes } from "./sizes.ts"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const packed = join(root, ".cache/gbp-stack")
const bin = (name: string): string => join(root, "node_modules/.bin", name)
/** An application that takes one constant must not get the library with it. */
const ONE_CONSTANT_MAX_BYTES = 4096

function expectSame(what: string, found: string | number, expected: string | number): void {
  if (found !== expected) throw new Error(`${what}: ${found} instead of ${expected}`)
  print(`${what}: ${found}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function pack(): Promise<string> {
  await run(bin("tsc"), ["-b", "stack/tsconfig.build.json"], root)
  await run(process.execPath, ["stack/build/main.ts"], root)
  const [made] = JSON.parse(await run("npm", ["pack", "--json", "--pack-destination", ".."], packed)) as [
    { readonly filename: string; readonly size: number; readonly entryCount: number },
  ]
  print(`${made.filename}: ${made.entryCount} files, ${made.size} bytes`)
  return join(packed, "..", made.filename)
}

async function lint(tarball: string): Promise<void> {
  const { messages, pkg } = await publint({ pkgDir: packed, strict: true, pack: "npm" })
  if (messages.length > 0) {
    throw new Error(`publint: ${messages.map((message) => formatMessage(message, pkg)).join("\n")}`)
  }
  print("publint: nothing to say")
  await run(bin("attw"), [tarball, "--profile", "esm-only", "--exclude-entrypoints", "./global"], root)
  print("attw: nothing to say")
}

/** A script that is not parsed does nothing at all. */
const UNKNOWN_TO_SOME_BROWSERS = /[;{}]\s*(?:await )?using [\w$]+\s*=/

function checkScripts(): void {
  for (const { file, bytes, gzipBytes, brotliBytes, limitBytes } of measureSizes(packed)) {
    if (UNKNOWN_TO_SOME_BROWSERS.test(readFileSync(join(packed, file), "utf8"))) {
      throw new Error(`${file} has a "using" declaration, which not every browser can parse: write try and finally`)
    }
    print(`${file}: ${bytes} bytes, ${gzipBytes} with gzip, ${brotliBytes} with brotli, of at most ${limitBytes}`)
    if (brotliBytes > limitBytes) throw new Error(`${file} has grown: find out why, or raise its limit in sizes.json`)
  }
}

async function consume(tarball: string, folder: string): Promise<void> {
  await newProject(folder, tarball)
  expectSame("plain JavaScript on Node", await runOnNode(folder), "hello")
  expectSame("TypeScript, checked, on Node", await runTyped(folder), "hello 0 9 function")
  expectSame("a bundle in Chromium", await runBundled(folder), "hello")
  expectSame("a script tag in Chromium", await runGlobal(folder), "hello")
  const bytes = await bytesOfOneConstant(folder)
  print(`an application with one constant: ${bytes} bytes`)
  if (bytes > ONE_CONSTANT_MAX_BYTES)
    throw new Error(`it is above ${ONE_CONSTANT_MAX_BYTES}: something has side effects`)
}

const folder = mkdtempSync(join(tmpdir(), "gbp-stack-"))
try {
  const tarball = await pack()
  checkScripts()
  await lint(tarball)
  await consume(tarball, folder)
  for (const line of await runVectors()) print(line)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
