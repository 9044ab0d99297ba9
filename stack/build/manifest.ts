import { readFileSync } from "node:fs"

/** What the workspace's manifest says and the package's says too. */
interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly engines: Readonly<Record<string, string>>
}

/** One entry: its types, its file for Node, and its file for everywhere else. */
function entry(name: string) {
  const browser = `./dist/browser/${name}.js`
  return { types: `./dist/${name}.d.ts`, node: `./dist/node/${name}.js`, browser, default: browser }
}

/** `package.json` of the package as it is published. */
export function publishedManifest(): string {
  const { name, version, description, license, engines } = read("../package.json") as Manifest
  const crypto = read("../../protocol/crypto/package.json") as { optionalDependencies: Record<string, string> }
  const manifest = {
    name,
    version,
    description,
    license,
    keywords: ["mls", "rfc9420", "end-to-end-encryption", "group-messaging", "gbp", "gtp", "gap", "gsp", "sframe"],
    type: "module",
    sideEffects: false,
    files: ["dist", "LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES.txt"],
    exports: {
      ".": entry("index"),
      "./opus": entry("opus"),
      "./global": "./dist/gbp-stack.global.js",
      "./package.json": "./package.json",
    },
    unpkg: "./dist/gbp-stack.global.js",
    jsdelivr: "./dist/gbp-stack.global.js",
    // Node runs without it, and some things faster with it.
    peerDependencies: { "sodium-native": crypto.optionalDependencies["sodium-native"] },
    peerDependenciesMeta: { "sodium-native": { optional: true } },
    engines,
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"))
}
