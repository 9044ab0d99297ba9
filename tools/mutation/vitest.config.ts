import { statSync } from "node:fs"
import { defineConfig } from "vitest/config"
import type { TestSequencer, TestSpecification } from "vitest/node"

const onlyTests = (process.env["ONLY_TESTS"] ?? "").split(",").filter((file) => file !== "")

/** Small tests of one thing first: a run ends with the first failure. */
class SmallestFirst implements TestSequencer {
  sort(files: TestSpecification[]): TestSpecification[] {
    return files.toSorted((a, b) => statSync(a.moduleId).size - statSync(b.moduleId).size)
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
    include: onlyTests.length > 0 ? onlyTests : ["protocol/mls/src/**/*.test.ts"],
    // As slow as those that are skipped one by one.
    exclude: ["**/{commit-cost,group-foreign-bytes,key-set,ratchet-tree,suites}.test.ts"],
    sequence: { sequencer: SmallestFirst },
    setupFiles: ["tools/mutation/skip-slow-tests.ts"],
    // A worker for each file would triple the time of a run.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
