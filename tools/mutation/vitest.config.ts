import { defineConfig } from "vitest/config"

/**
 * The tests that judge mutants of the MLS package.
 *
 * Run within a copy of the tree. `node_modules/@qpc/mls` leads back to the original, so the name is bound to the copy here.
 * Left out: random histories and foreign bytes, which take a second each and find what the others find.
 */
export default defineConfig({
  resolve: {
    conditions: ["@qpc/source"],
    alias: { "@qpc/mls": new URL("../../protocol/mls/src/index.ts", import.meta.url).pathname },
  },
  ssr: { resolve: { conditions: ["@qpc/source"] } },
  test: {
    include: ["protocol/mls/src/**/*.test.ts"],
    exclude: ["**/{group-foreign-bytes,multiset,ratchet-tree,readme,suites}.test.ts"],
    // A file a worker would triple the time of a run.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
