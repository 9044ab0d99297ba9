import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { UsageError } from "../usage-error.ts"

/** From `src/vectors` and `dist/vectors` alike; of an installed program it is somebody else's folder. */
const PROJECT = fileURLToPath(new URL("../../../../", import.meta.url))

/**
 * The folder of published vectors: the one that is named, that of `VECTORS_DIR`, or `../shared/vectors` beside a checkout
 * of the project; `undefined` if there is none.
 *
 * @param project - The folder of the checkout, if this program is in one.
 * @throws UsageError if what is named is no folder
 */
export function vectorPlace(
  named: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  project: string = PROJECT,
): string | undefined {
  const wanted = named ?? environment["VECTORS_DIR"]
  if (wanted !== undefined) {
    if (isFolder(wanted)) return wanted
    const how = named === undefined ? "Set VECTORS_DIR to" : "Name"
    throw new UsageError(`There is no folder ${wanted}.`, `${how} the folder that holds the vectors.`, "noInput")
  }
  const isCheckout = existsSync(join(project, "apps", "gbp-node", "package.json"))
  const beside = join(project, "..", "shared", "vectors")
  return isCheckout && isFolder(beside) ? beside : undefined
}

/** False also for one that cannot be reached. */
function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}
