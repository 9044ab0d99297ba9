import { execFileSync, spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

const root = new URL("../..", import.meta.url).pathname

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
    for (const name of ["server", "sdk"]) symlinkSync(join(this.#folder, name), join(modules, "@qpc", name))
  }

  #run(tool: string, args: readonly string[]): Verdict {
    const done = spawnSync(join(root, "node_modules/.bin", tool), args, { cwd: this.#folder, encoding: "utf8" })
    return { exitCode: done.status, output: done.stdout + done.stderr }
  }
}
