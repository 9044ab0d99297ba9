import { readFileSync } from "node:fs"

/** Package → packages it may import. The only place where layering is written down. */
const layers = JSON.parse(readFileSync(new URL("./layers.json", import.meta.url), "utf8"))
const inside = (path) => `^${path}/`
const test = "\\.(test|bench)\\.ts$|/src/conformance/"

/** What can decrypt. Written out, so that no edit of layers.json alone can hand the server a key. */
const decrypting = "^protocol/(mls|sframe|gbp|gtp|gap|gsp|group)/"

export default {
  forbidden: [
    {
      name: "server-cannot-decrypt",
      comment: "The server imports nothing that can read a message, not even through another package.",
      severity: "error",
      from: { path: "^server/", pathNot: test },
      to: { path: decrypting, reachable: true },
    },
    {
      name: "protocol-has-no-io",
      comment: "protocol/ is bytes, time and randomness in; bytes, events and deadlines out.",
      severity: "error",
      from: { path: "^protocol/", pathNot: [test, "^protocol/(crypto|wire)/src/node/"] },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "front-door-only",
      comment: "Import another package by its name; its files are its own business.",
      severity: "error",
      from: { path: "^((?:protocol|network|apps)/[^/]+|sdk|server|stack)/" },
      to: {
        path: "^(?:(?:protocol|network|apps)/[^/]+|sdk|server|stack)/src/(?!(?:(?:node|browser|vectors|conformance|testing)/)?index\\.ts|(?:protobuf|flatbuffers)\\.ts)",
        pathNot: "^$1/",
      },
    },
    {
      name: "no-testing-in-products",
      comment: "What other packages offer to tests is not shipped.",
      severity: "error",
      from: { path: "^(protocol|network|sdk|server|stack|apps)/", pathNot: [test, "/src/testing/"] },
      to: { path: "/src/(testing|conformance)/" },
    },
    ...Object.entries(layers).map(([from, allowed]) => ({
      name: `layer:${from}`,
      comment: `${from} may import ${allowed.join(", ") || "nothing of ours"} (layers.json)`,
      severity: "error",
      from: { path: inside(from), pathNot: test },
      to: { path: "^(protocol|network|sdk|server|stack|apps|testing)/", pathNot: [from, ...allowed].map(inside) },
    })),
    {
      name: "no-cycles",
      comment: "Types may refer to each other in a circle, they are gone at run time; modules may not.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
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
