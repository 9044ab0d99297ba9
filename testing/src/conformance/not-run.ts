import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { VectorSet } from "@qpc/wire/vectors"

/** Counts what is in a folder without running it, so that a set which waits for its code is still on the list. */
type Count = (folder: string) => number

const jsonFiles = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith(".json"))
const parse = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"))

/** Cases in an array, or in the arrays one level inside of an object: the two forms these files have. */
function cases(value: unknown): number {
  if (Array.isArray(value)) return value.length
  if (typeof value !== "object" || value === null) return 0
  return Object.values(value).reduce<number>((sum, inner) => sum + (Array.isArray(inner) ? inner.length : 0), 0)
}

const countJson: Count = (folder) => jsonFiles(folder).reduce((sum, name) => sum + cases(parse(join(folder, name))), 0)
const countFiles: Count = (folder) => readdirSync(folder).length
const countTree: Count = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.name.endsWith(".json")).length

const WAITING: readonly {
  readonly name: string
  readonly folder: string
  readonly count: Count
  readonly why: string
}[] = [
  {
    name: "mls-wg/configs",
    folder: "mls-wg/configs",
    count: countFiles,
    why: "these are stories, not vectors: `npm run interop` plays them",
  },
  {
    name: "marmot-scenarios",
    folder: "marmot-scenarios",
    count: (f) => jsonFiles(f).length,
    why: "these are stories, not vectors: `npm run scenarios` plays them",
  },
  {
    name: "opaque-rfc9807",
    folder: "opaque-rfc9807",
    count: countJson,
    why: "the OPAQUE library does not let a test inject randomness; its own tests cover them",
  },
  { name: "vrf-rfc9381", folder: "vrf-rfc9381", count: countJson, why: "the VRF comes with key transparency" },
  {
    name: "hybrid-kems",
    folder: "hybrid-kems",
    count: countJson,
    why: "other combiners and groups than X-Wing's, from an early draft; no suite uses them",
  },
  { name: "noise", folder: "noise", count: countJson, why: "Noise comes with its own transport" },
  { name: "merkle", folder: "merkle", count: countTree, why: "the Merkle log comes with key transparency" },
  { name: "capnp", folder: "capnp", count: countFiles, why: "Cap'n Proto comes with the older protocol versions" },
  {
    name: "flatbuffers",
    folder: "flatbuffers",
    count: countFiles,
    why: "tables of other schemas than ours; the golden messages hold our codec to its layout",
  },
]

/** The sets that are here but wait for their code: listed as skipped, each with its reason. */
export function setsNotRun(vectorsDir: string): VectorSet[] {
  return WAITING.map(({ name, folder, count, why }) => ({
    name,
    run() {
      const found = count(join(vectorsDir, folder))
      return { cases: found, passed: 0, failed: 0, skipped: found, why, failures: [] }
    },
  }))
}
