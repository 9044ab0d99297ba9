import { statSync } from "node:fs"
import { basename } from "node:path"
import { defineConfig } from "vitest/config"
import type { TestSequencer, TestSpecification } from "vitest/node"

const ownTests = new Set(
  (process.env["MUTATED"] ?? "").split(",").map((file) => basename(file).replace(/\.ts$/, ".test.ts")),
)

function costOf({ moduleId }: TestSpecification): number {
  return ownTests.has(basename(moduleId)) ? 0 : statSync(moduleId).size
}

/** A run ends with the first failure: a file's own tests find most, and small tests of one thing find it soon. */
class LikeliestFirst implements TestSequencer {
  sort(files: TestSpecification[]): TestSpecification[] {
    return files.toSorted((a, b) => costOf(a) - costOf(b))
  }

  shard(files: TestSpecification[]): TestSpecification[] {
    return files
  }
}

/**
 * The tests that judge mutants of the MLS package.
 *
 * Run within a copy of the tree. `node_modules/@qpc/mls` leads back to the original, so the name is bound to the copy here.
 */
export default defineConfig({
  resolve: {
    conditions: ["@qpc/source"],
    alias: { "@qpc/mls": new URL("../../protocol/mls/src/index.ts", import.meta.url).pathname },
  },
  ssr: { resolve: { conditions: ["@qpc/source"] } },
  test: {
    include: ["protocol/mls/src/**/*.test.ts"],
    // As slow as those that are skipped one by one.
    exclude: ["**/{commit-cost,group-foreign-bytes,key-set,multiset,ratchet-tree,suites}.test.ts"],
    sequence: { sequencer: LikeliestFirst },
    setupFiles: ["tools/mutation/skip-slow-tests.ts"],
    // A worker for each file would triple the time of a run.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
