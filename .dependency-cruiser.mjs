import { readFileSync } from "node:fs"

/** Package → packages it may import. The only place where layering is written down. */
const layers = JSON.parse(readFileSync(new URL("./layers.json", import.meta.url), "utf8"))
const inside = (path) => `^${path}/`
const test = "\\.(test|bench)\\.ts$"

export default {
  forbidden: [
    ...Object.entries(layers).map(([from, allowed]) => ({
      name: `layer:${from}`,
      comment: `${from} may import ${allowed.join(", ") || "nothing of ours"} (layers.json)`,
      severity: "error",
      from: { path: inside(from), pathNot: test },
      to: { path: "^(protocol|network|sdk|server|apps)/", pathNot: [from, ...allowed].map(inside) },
    })),
    {
      name: "protocol-has-no-io",
      severity: "error",
      from: { path: "^protocol/", pathNot: test },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "front-door-only",
      comment: "Import another package by its name; its files are its own business.",
      severity: "error",
      from: { path: "^((?:protocol|network|apps)/[^/]+|sdk|server)/" },
      to: { path: "^(?:(?:protocol|network|apps)/[^/]+|sdk|server)/src/(?!index\\.ts)", pathNot: "^$1/" },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "declared-only",
      severity: "error",
      from: { pathNot: test },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: "/dist/",
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["@qpc/source", "import", "types"] },
  },
}
