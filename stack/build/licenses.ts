import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const PACKAGE_FOLDER = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/
const LICENSE_FILE = /^(licen[cs]e|copying|notice|third_party_notices)/i

/** The comment that a module begins with. */
const HEADER = /^(?:\s*\/\/.*\n)+|^\s*\/\*[^]*?\*\//

/**
 * The licences of all packages whose modules are in the bundles: their files, or else the headers of those modules.
 *
 * @throws Error for a package that brings neither: it must not be handed on then
 */
export function thirdPartyLicenses(modules: readonly string[]): string {
  const folders = new Set(modules.flatMap((module) => PACKAGE_FOLDER.exec(module) ?? []))
  const texts = [...folders].filter(isPackage).map((folder) => licenseOf(folder, modules))
  const title =
    "gbp-stack contains code of the following packages, under their licences. Apache-2.0 is in LICENSE-APACHE."
  return `${[title, ...texts.toSorted()].join(`\n\n${"-".repeat(78)}\n\n`)}\n`
}

/** False for a folder of a bundler's own. */
function isPackage(folder: string): boolean {
  return existsSync(join(folder, "package.json"))
}

function licenseOf(folder: string, modules: readonly string[]): string {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>
  const title = `${String(manifest["name"])} ${String(manifest["version"])} (${String(manifest["license"])})`
  const files = readdirSync(folder).filter((file) => LICENSE_FILE.test(file))
  const texts =
    files.length === 0 ? headersOf(folder, modules) : files.map((file) => readFileSync(join(folder, file), "utf8"))
  if (texts.length === 0) throw new Error(`${title} brings no licence`)
  return [title, ...texts.map((text) => text.trim())].join("\n\n")
}

function headersOf(folder: string, modules: readonly string[]): string[] {
  const own = modules.filter((module) => module.startsWith(`${folder}/`))
  const headers = own.flatMap((module) => HEADER.exec(readFileSync(module, "utf8")) ?? [])
  return [...new Set(headers)].filter((header) => header.includes("Copyright"))
}
