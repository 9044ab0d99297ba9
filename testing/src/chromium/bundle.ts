import { builtinModules } from "node:module"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"

/** The files of a bundle by name, and which of them starts it. */
export interface Bundle {
  readonly entry: string
  readonly files: ReadonlyMap<string, string>
}

/**
 * Bundles a module of ours for browsers, from sources.
 *
 * @throws Error naming every module of Node that is left in it: a browser has none of them
 */
export async function bundleForBrowsers(module: URL): Promise<Bundle> {
  const bundle = await rolldown({
    input: fileURLToPath(module),
    platform: "browser",
    resolve: { conditionNames: ["@qpc/source", "browser", "import", "default"] },
    external: isNodeModule,
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

/** Kept as imports while bundling, so that they can be seen afterwards. */
function isNodeModule(name: string): boolean {
  return name.startsWith("node:") || builtinModules.includes(name)
}
