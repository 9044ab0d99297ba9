import { builtinModules } from "node:module"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"
import type { Plugin } from "rolldown"

/** The files of a bundle by name, and which of them starts it. */
export interface Bundle {
  readonly entry: string
  readonly files: ReadonlyMap<string, string>
}

/** What takes the place of modules of Node in some files; elsewhere they stay what a browser has not. */
export interface StandIns {
  /** By the path of the file that imports. */
  readonly importers: RegExp
  /** By the name of the module. */
  readonly modules: Readonly<Record<string, URL>>
}

/**
 * Bundles a module of ours for browsers, from sources.
 *
 * @param plugins - of the bundler, after our own
 * @throws Error naming every module of Node that is left in it: a browser has none of them
 */
export async function bundleForBrowsers(
  module: URL,
  standIns?: StandIns,
  plugins: readonly Plugin[] = [],
): Promise<Bundle> {
  const bundle = await rolldown({
    input: fileURLToPath(module),
    platform: "browser",
    resolve: { conditionNames: ["@qpc/source", "browser", "import", "default"] },
    plugins: [
      { name: "modules of Node", resolveId: (name, importer) => resolveNodeModule(name, importer, standIns) },
      ...plugins,
    ],
    logLevel: "warn",
  })
  const { output } = await bundle.generate({ format: "es" })
  await bundle.close()
  const chunks = output.filter((file) => file.type === "chunk")
  const foreign = chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]).filter(isNodeModule)
  if (foreign.length > 0) throw new Error(`the bundle needs modules of Node: ${[...new Set(foreign)].join(", ")}`)
  const files = new Map(chunks.map(({ fileName, code }) => [fileName, code]))
  return { entry: chunks.find(({ isEntry }) => isEntry)?.fileName ?? "", files }
}

/** Kept as imports while bundling, so that those that are in use can be seen afterwards. */
function resolveNodeModule(
  name: string,
  importer = "",
  standIns?: StandIns,
): string | { readonly id: string; readonly external: true } | undefined {
  if (!isNodeModule(name)) return undefined
  const standIn = standIns?.modules[name]
  const isReplaced = standIn !== undefined && standIns?.importers.test(importer) === true
  return isReplaced ? fileURLToPath(standIn) : { id: name, external: true }
}

function isNodeModule(name: string): boolean {
  return name.startsWith("node:") || builtinModules.includes(name)
}
