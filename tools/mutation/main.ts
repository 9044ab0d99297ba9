/**
 * `npm run mutation [-- file.ts …]`: breaks the code of protocol/mls in small ways and sees whether a test notices.
 *
 * Fails where nobody notices and `protocol/mls/mutants.json` has no reason for it, or has one for nothing.
 * Words that begin with `--` go to Stryker.
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { setPriority } from "node:os"
import { join } from "node:path"
import { copyFewVectors } from "./few-vectors.ts"
import { countByStatus, judge } from "./survivors.ts"
import type { Excused, Report } from "./survivors.ts"

const root = new URL("../..", import.meta.url).pathname
const vectorsDir = join(root, ".cache/mutation/vectors")
const sources = "protocol/mls/src"

const words = process.argv.slice(2)
const files = words.filter((word) => !word.startsWith("--")).map((file) => `${sources}/${file.replace(/^.*\//, "")}`)
const flags = words.filter((word) => word.startsWith("--"))

// Hours of work that nobody waits for.
setPriority(10)
copyFewVectors(process.env["VECTORS_DIR"] ?? join(root, "../shared/vectors"), vectorsDir)
const mutate = files.length > 0 ? ["--mutate", files.join(",")] : []
const stryker = spawnSync(
  process.execPath,
  ["node_modules/@stryker-mutator/core/bin/stryker.js", "run", ...mutate, ...flags],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, VECTORS_DIR: vectorsDir },
  },
)
if (stryker.status !== 0) throw new Error(`Stryker ended with ${stryker.status ?? stryker.signal}`)

const report = JSON.parse(readFileSync(join(root, ".cache/mutation/report.json"), "utf8")) as Report
const { unexplained, outdated } = judge(
  report,
  JSON.parse(readFileSync(join(root, "protocol/mls/mutants.json"), "utf8")) as Excused[],
)
console.log(countByStatus(report))
for (const { at, mutator, file, ...rest } of unexplained)
  console.log(`no test notices: ${file}:${at} ${mutator}\n${JSON.stringify({ file, ...rest, why: "" }, undefined, 2)}`)
for (const entry of outdated)
  console.log(`not a survivor any more: ${entry.file}: ${entry.original} → ${entry.replacement}`)
if (unexplained.length + outdated.length > 0) process.exitCode = 1
