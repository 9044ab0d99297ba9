import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"
import type { InputOptions, OutputChunk, OutputOptions } from "rolldown"
import { smallLibsodium } from "./small-libsodium.ts"

/** Files of one bundle by their path in the package, and what went into them. */
export interface Bundle {
  readonly files: ReadonlyMap<string, string>
  /** Paths of the modules that are in it. */
  readonly modules: readonly string[]
}

/** One way in which the package is bundled. */
interface Flavour {
  readonly input: InputOptions
  readonly output: OutputOptions
}

const SOURCES = new URL("../src/", import.meta.url)
const source = (name: string): string => fileURLToPath(new URL(name, SOURCES))
const ENTRIES: InputOptions = {
  input: { index: source("index.ts"), opus: source("opus.ts") },
  preserveEntrySignatures: "allow-extension",
}
const conditions = (platform: string) => ({ conditionNames: ["@qpc/source", platform, "import", "default"] })

/** The package that a module is of: others by their name, ours by its folder. */
const PACKAGE_OF = /node_modules\/((?:@[^/]+\/)?[^/]+)|protocol\/([^/]+)\/src/g
/** What is in the second entry alone: the first must not load Opus. */
const OPUS_ENTRY = /\/stack\/src\/(?:opus|pcm)/

/**
 * One file for each package. An application gets those whose exports it uses, as `sideEffects` says; in one file together it would get
 * all, because some packages of others do something when they are loaded.
 */
const MODULES: OutputOptions = {
  format: "es",
  chunkFileNames: "[name].js",
  codeSplitting: { groups: [{ name: packageOf, debugName: "packages", includeDependenciesRecursively: false }] },
}

const FLAVOURS: readonly Flavour[] = [
  {
    input: { ...ENTRIES, platform: "node", resolve: conditions("node") },
    output: { ...MODULES, dir: "dist/node" },
  },
  {
    input: {
      ...ENTRIES,
      platform: "browser",
      resolve: conditions("browser"),
      external: /^node:/,
      plugins: [smallLibsodium],
    },
    output: { ...MODULES, dir: "dist/browser" },
  },
  {
    input: {
      input: { "gbp-stack.global": source("index.ts") },
      platform: "browser",
      resolve: conditions("browser"),
      // libsodium looks for files beside it where it runs on Node, which a script of a page never does.
      transform: { define: { "import.meta": "{}" } },
      plugins: [smallLibsodium],
    },
    output: { format: "iife", name: "GbpStack", dir: "dist", codeSplitting: false, minify: true },
  },
]

/**
 * Bundles the package: for Node, for bundlers of browser applications, and as one script for a page. Third-party code is inside, so
 * that the package depends on nothing.
 */
export async function bundlePackage(): Promise<Bundle> {
  const files = new Map<string, string>()
  const modules = new Set<string>()
  for (const { input, output } of FLAVOURS) {
    const bundle = await rolldown({ ...input, logLevel: "warn" })
    const generated = await bundle.generate(output)
    await bundle.close()
    for (const chunk of generated.output.filter((file): file is OutputChunk => file.type === "chunk")) {
      files.set(`${output.dir}/${chunk.fileName}`, chunk.code)
      for (const module of chunk.moduleIds) modules.add(module)
    }
  }
  return { files, modules: [...modules] }
}

function packageOf(module: string): string | undefined {
  const last = [...module.matchAll(PACKAGE_OF)].at(-1)
  const name = last?.[1] ?? last?.[2]
  if (name !== undefined) return name.replace("@", "").replace("/", "-")
  if (!module.includes("/stack/src/")) return undefined
  return OPUS_ENTRY.test(module) ? "stack-opus" : "stack"
}
