// Makes the package as it is published in .cache/gbp-stack: run `npm run -w gbp-stack package` after `npm run build`.
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundlePackage } from "./bundle.ts"
import { thirdPartyLicenses } from "./licenses.ts"
import { publishedManifest } from "./manifest.ts"
import { bundleTypes } from "./types.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const folder = join(root, ".cache/gbp-stack")
const bundle = await bundlePackage()
const files = [
  ...bundle.files,
  ...(await bundleTypes()),
  ["package.json", publishedManifest()],
  ["THIRD-PARTY-LICENSES.txt", thirdPartyLicenses(bundle.modules)],
] as const

rmSync(folder, { recursive: true, force: true })
for (const [path, content] of files) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
}
for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) cpSync(join(root, name), join(folder, name))
cpSync(join(root, "stack/README.md"), join(folder, "README.md"))
