import { defineConfig } from "vitest/config"

/** Tests that touch nothing outside of what they make: files can share a thread, and its modules are loaded once. */
const PURE = ["protocol/*/src/**/*.test.ts", "{sdk,stack}/src/**/*.test.ts"]

export default defineConfig({
  resolve: { conditions: ["@qpc/source"] },
  ssr: { resolve: { conditions: ["@qpc/source"] } },
  test: {
    globalSetup: ["testing/src/monitor/watch-run.ts"],
    setupFiles: ["testing/src/monitor/watch-test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: "pure", include: PURE, isolate: false } },
      {
        extends: true,
        test: {
          name: "apart",
          include: [
            "{network,apps}/*/src/**/*.test.ts",
            "{server,testing}/src/**/*.test.ts",
            "stack/{build,examples}/**/*.test.ts",
            "tools/**/*.test.ts",
          ],
        },
      },
    ],
    coverage: { provider: "v8", include: ["{protocol,network,apps}/*/src/**/*.ts", "{server,sdk,stack}/src/**/*.ts"] },
  },
})
