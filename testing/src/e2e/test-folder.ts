import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder of a test's own, gone with its scope. */
export class TestFolder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "qpc-test-"))

  at(...names: readonly string[]): string {
    return join(this.path, ...names)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
