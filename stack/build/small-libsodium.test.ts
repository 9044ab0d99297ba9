import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import type { CipherSuite } from "@qpc/crypto"
import { checkSuitesAgree } from "@qpc/crypto/conformance"
import { suite0001 } from "@qpc/crypto/node"
import { toHex } from "@qpc/wire"
import { rolldown } from "rolldown"
import { describe, expect, it } from "vitest"
import { smaller, smallLibsodium } from "./small-libsodium.ts"
import { readModule, type WasmModule } from "./wasm/wasm-module.ts"

const TRAP = "00000b"
const published = await readFile(fileURLToPath(import.meta.resolve("libsodium")), "utf8")
const [before, after] = [
  readModule(Buffer.from(embedded(published, /"(AGFzb[^"]+)"/), "base64")),
  readModule(Buffer.from(embedded(smaller(published), /"(0061736d[^"]+)"/), "hex")),
]

function embedded(file: string, expression: RegExp): string {
  return expression.exec(file)![1]!
}

/** The sections that are neither exports nor code, by their numbers. */
function otherSections({ sections }: WasmModule): readonly string[] {
  return sections.filter(({ id }) => id !== 7 && id !== 10).map(({ id, bytes }) => `${id} ${toHex(bytes)}`)
}

/** Suite 0x0001 from a bundle, as an application gets it. */
async function bundledSuite(): Promise<CipherSuite> {
  const entry = fileURLToPath(new URL("../../protocol/crypto/src/browser/index.ts", import.meta.url))
  const bundle = await rolldown({
    input: entry,
    platform: "browser",
    resolve: { conditionNames: ["@qpc/source", "browser", "import", "default"] },
    plugins: [smallLibsodium],
  })
  const { output } = await bundle.generate({ format: "es", codeSplitting: false })
  await bundle.close()
  const folder = await mkdtemp(join(tmpdir(), "small-libsodium-"))
  try {
    const file = join(folder, "bundle.mjs")
    await writeFile(file, output[0].code)
    const bundled = (await import(pathToFileURL(file).href)) as { loadBrowserSuite0001(): Promise<CipherSuite> }
    return await bundled.loadBrowserSuite0001()
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe("libsodium made smaller", () => {
  it("has each function as it was published, byte for byte, or a trap in its place", () => {
    const changed = after.bodies.filter((body, at) => toHex(body) !== toHex(before.bodies[at]!))
    expect(after.bodies).toHaveLength(before.bodies.length)
    expect(new Set(changed.map(toHex))).toEqual(new Set([TRAP]))
  })

  it("has everything else but the list of exports as it was published", () => {
    expect(otherSections(after)).toEqual(otherSections(before))
  })

  it("keeps 51 of its 320 functions", () => {
    expect(before.bodies).toHaveLength(320)
    expect(after.bodies.filter((body) => toHex(body) !== TRAP)).toHaveLength(51)
  })

  it("is refused if libsodium's file is another one than the one that was looked at", () => {
    expect(() => smaller(`${published}\n`)).toThrow(/^libsodium has changed to [0-9a-f]{64}/)
  })
})

const bundled = await bundledSuite()
describe("suite 0x0001 of a bundle, and Node's", () => checkSuitesAgree(suite0001, bundled, it))
