import { execFile, execFileSync, spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs"
import { rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

const root = new URL("../..", import.meta.url).pathname

/** Packages that have modules of their own, where versions differ. */
const OWN_MODULES = ["protocol/crypto", "apps/cli", "testing"]

/** What a check said about a tree. */
export interface Verdict {
  readonly exitCode: number | null
  readonly output: string
}

/**
 * A copy of the working tree in which a test plants a violation, so that the checks themselves are checked. Its packages
 * resolve to the copy, everything else in `node_modules` to the real one.
 */
export class PlantedTree implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "qpc-planted-"))

  constructor() {
    const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root })
    for (const file of listed.toString().trim().split("\n")) this.#copy(file)
    this.#linkModules()
  }

  plant(file: string, source: string): void {
    const target = join(this.#folder, file)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, source)
  }

  read(file: string): string {
    return readFileSync(join(this.#folder, file), "utf8")
  }

  layers(): Verdict {
    return this.#run("depcruise", [
      "--config",
      ".dependency-cruiser.mjs",
      "protocol",
      "network",
      "server",
      "sdk",
      "apps",
    ])
  }

  lint(...files: readonly string[]): Verdict {
    return this.#run("oxlint", [...files])
  }

  /**
   * Runs test files up to the first failure. @returns the report of Vitest, see its JSON reporter; `undefined` if it did not
   * come to one within the time
   */
  async test(files: readonly string[], timeoutMs: number): Promise<unknown> {
    const report = ".cache/report.json"
    const args = ["run", "--bail=1", "--reporter=json", `--outputFile=${report}`, ...files]
    const options = { cwd: this.#folder, timeout: timeoutMs, killSignal: "SIGKILL", env: testEnvironment() } as const
    rmSync(join(this.#folder, report), { force: true })
    await new Promise<void>((resolve) => {
      // Its exit code says less than its report.
      execFile(join(root, "node_modules/.bin/vitest"), args, options, () => resolve())
    })
    return existsSync(join(this.#folder, report)) ? JSON.parse(this.read(report)) : undefined
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #copy(file: string): void {
    try {
      cpSync(join(root, file), join(this.#folder, file))
    } catch (error) {
      // Listed by git but deleted in the working tree.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    }
  }

  #linkModules(): void {
    const modules = join(this.#folder, "node_modules")
    mkdirSync(join(modules, "@qpc"), { recursive: true })
    for (const entry of readdirSync(join(root, "node_modules"))) {
      if (entry !== "@qpc") symlinkSync(join(root, "node_modules", entry), join(modules, entry))
    }
    for (const area of ["protocol", "network", "apps"]) {
      for (const name of readdirSync(join(this.#folder, area))) {
        symlinkSync(join(this.#folder, area, name), join(modules, "@qpc", name))
      }
    }
    for (const name of ["server", "sdk", "testing"]) {
      symlinkSync(join(this.#folder, name), join(modules, "@qpc", name))
    }
    for (const place of OWN_MODULES) {
      const own = join(root, place, "node_modules")
      if (existsSync(own)) symlinkSync(own, join(this.#folder, place, "node_modules"))
    }
  }

  #run(tool: string, args: readonly string[]): Verdict {
    const done = spawnSync(join(root, "node_modules/.bin", tool), args, { cwd: this.#folder, encoding: "utf8" })
    return { exitCode: done.status, output: done.stdout + done.stderr }
  }
}

/** Tests of the copy find the vectors where those of the original do. A Vitest inside of a Vitest must not think that it is the same. */
function testEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("VITEST") && name !== "NODE_OPTIONS",
  )
  const vectors = process.env["VECTORS_DIR"] ?? join(root, "../shared/vectors")
  return { ...Object.fromEntries(inherited), VECTORS_DIR: vectors }
}
