import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["@qpc/source"] },
  ssr: { resolve: { conditions: ["@qpc/source"] } },
  test: {
    include: [
      "{protocol,network,apps}/*/src/**/*.test.ts",
      "{server,sdk,stack,testing}/src/**/*.test.ts",
      "stack/examples/**/*.test.ts",
      "tools/**/*.test.ts",
    ],
    globalSetup: ["testing/src/monitor/watch-run.ts"],
    setupFiles: ["testing/src/monitor/watch-test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: { provider: "v8", include: ["{protocol,network,apps}/*/src/**/*.ts", "{server,sdk,stack}/src/**/*.ts"] },
  },
})
