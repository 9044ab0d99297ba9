import { fileURLToPath } from "node:url"
import { rollup } from "rollup"
import { dts } from "rollup-plugin-dts"

const ROOT = new URL("../../", import.meta.url)
const ENTRIES = ["index", "opus"]
/** Our other packages by name. */
const OURS = /^@qpc\/(\w+)$/

/**
 * The declarations of each entry, with those of our other packages inside, by their path in the package. `tsc -b` has to have built
 * them one by one.
 */
export async function bundleTypes(): Promise<ReadonlyMap<string, string>> {
  const input = Object.fromEntries(ENTRIES.map((name) => [name, declared("stack", name)]))
  const bundle = await rollup({
    input,
    plugins: [
      {
        name: "ours",
        resolveId: (id) =>
          OURS.exec(id)
            ?.slice(1)
            .map((name) => declared(`protocol/${name}`, "index"))[0],
      },
      dts(),
    ],
  })
  const { output } = await bundle.generate({ format: "es" })
  await bundle.close()
  return new Map(output.flatMap((file) => (file.type === "chunk" ? [[`dist/${file.fileName}`, file.code]] : [])))
}

function declared(folder: string, name: string): string {
  return fileURLToPath(new URL(`${folder}/dist/${name}.d.ts`, ROOT))
}
