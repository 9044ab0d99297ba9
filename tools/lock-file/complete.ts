/**
 * `node tools/lock-file/complete.ts`: adds what `npm install` leaves out of package-lock.json.
 *
 * npm writes only those optional platform packages into the lock file that it could see while it made it, and `npm ci`
 * then refuses the lock file, on every platform, because of the others. This adds an entry for each exact optional
 * dependency that has none, with the operating system and processor that its name tells, so that npm skips it elsewhere.
 */
import { readFileSync, writeFileSync } from "node:fs"

interface Entry {
  readonly version?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly dev?: boolean
}

/** Where a package is for, in npm's words. */
interface Platform {
  readonly os: string[]
  readonly cpu: string[]
  readonly libc?: string[]
}

interface LockFile {
  packages: Record<string, Entry>
}

const SYSTEMS = new Set("aix android darwin freebsd linux netbsd openbsd openharmony sunos win32".split(" "))
const PROCESSORS: Readonly<Record<string, string>> = {
  aarch64: "arm64",
  arm: "arm",
  arm64: "arm64",
  armv7: "arm",
  ia32: "ia32",
  loong64: "loong64",
  mips64el: "mips64el",
  ppc64: "ppc64",
  riscv64: "riscv64",
  s390x: "s390x",
  x64: "x64",
}
const EXACT = /^\d+\.\d+\.\d+[^\s|]*$/

const path = new URL("../../package-lock.json", import.meta.url)
const lock = JSON.parse(readFileSync(path, "utf8")) as LockFile
const added = completed(lock)
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`)
console.log(`added ${added.length} platform packages${added.length === 0 ? "" : `: ${added.join(", ")}`}`)

function completed({ packages }: LockFile): string[] {
  const names: string[] = []
  for (const [parent, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const platform = platformOf(name)
      if (platform === undefined || !EXACT.test(version)) continue
      const place = placeFor(packages, parent, name, version)
      if (place === undefined) continue
      packages[place] = { version, ...platform, ...(entry.dev === true ? { dev: true } : {}), optional: true } as Entry
      names.push(`${name}@${version}`)
    }
  }
  return names
}

/** Where the package would be installed, or undefined if it is there already. */
function placeFor(packages: LockFile["packages"], parent: string, name: string, version: string): string | undefined {
  const top = `node_modules/${name}`
  const nested = `${parent}/node_modules/${name}`
  if (packages[nested]?.version === version || packages[top]?.version === version) return undefined
  return packages[top] === undefined ? top : nested
}

/** What the name of a platform package says: `@scope/binding-linux-arm64-musl`, `tool-win32-x64`, `darwin-arm64`. */
function platformOf(name: string): Platform | undefined {
  const words = name.split(/[/-]/)
  const os = words.find((word) => SYSTEMS.has(word))
  const cpu = words.find((word) => word in PROCESSORS)
  if (os === undefined || cpu === undefined) return undefined
  const library = words.find((word) => word.startsWith("musl") || word.startsWith("gnu"))
  const libc = library === undefined ? {} : { libc: [library.startsWith("musl") ? "musl" : "glibc"] }
  return { os: [os], cpu: [PROCESSORS[cpu]!], ...libc }
}
