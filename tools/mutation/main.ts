/**
 * `npm run mutation [-- file.ts …]`: breaks the code of protocol/mls in small ways and sees whether a test notices.
 *
 * Fails where nobody notices and `protocol/mls/mutants.json` has no reason for it, or has one for nothing.
 * Words that begin with `--` go to Stryker.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { setPriority } from "node:os"
import { join } from "node:path"
import { copyFewVectors } from "./few-vectors.ts"
import { countByStatus, judge, rangesMissed, rowsOf, withSecondLook } from "./survivors.ts"
import type { Excused, Report } from "./survivors.ts"

const root = new URL("../..", import.meta.url).pathname
const vectorsDir = join(root, ".cache/mutation/vectors")
const STRYKER = "node_modules/@stryker-mutator/core/bin/stryker.js"
const sources = "protocol/mls/src"
/** Break every rule once, each in a group of its own: of all tests these meet most of a file that has none beside it. */
const ATTACKS = `${sources}/attacks/*.test.ts`

const words = process.argv.slice(2)
const named = words.filter((word) => !word.startsWith("--")).map((file) => `${sources}/${file.replace(/^.*\//, "")}`)
const flags = words.filter((word) => word.startsWith("--"))
const files = named.length > 0 ? named : (readJson("stryker.config.json") as { readonly mutate: string[] }).mutate

// Hours of work that nobody waits for.
setPriority(10)
copyFewVectors(process.env["VECTORS_DIR"] ?? join(root, "../shared/vectors"), vectorsDir)
// A few tests find most. What they miss has to pass all tests that reach it.
const withTests = files.filter((file) => existsSync(join(root, ownTestOf(file))))
const others = files.filter((file) => !withTests.includes(file))
const first: Report = { files: { ...firstLook(withTests, withTests.map(ownTestOf)), ...firstLook(others, [ATTACKS]) } }
const again = rangesMissed(first)
const report = again.length > 0 ? withSecondLook(first, runStryker(again)) : first
const excused = readJson("protocol/mls/mutants.json") as Excused[]
const { unexplained, outdated } = judge(report, excused)
console.log(countByStatus(report))
const table = ["| file | mutants | noticed | with a reason |", "| --- | --- | --- | --- |", ...rowsOf(report, excused)]
console.log(table.join("\n"))
for (const { at, mutator, ended, file, ...rest } of unexplained) {
  console.log(`no test notices: ${file}:${at} ${mutator} (${ended})`)
  console.log(JSON.stringify({ file, ...rest, why: "" }, undefined, 2))
}
for (const { file, original, replacement } of outdated) {
  console.log(`not a survivor any more: ${file}: ${original} → ${replacement}`)
}
if (unexplained.length + outdated.length > 0) process.exitCode = 1

/** What loading a file meets, every test has to see; that is left to the second run. */
function firstLook(mutate: readonly string[], tests: readonly string[]): Report["files"] {
  return mutate.length > 0 ? runStryker(mutate, tests, "--ignoreStatic").files : {}
}

/** Mutates files, or ranges of them, before these tests; before all without any. */
function runStryker(mutate: readonly string[], tests: readonly string[] = [], ...more: readonly string[]): Report {
  const stryker = spawnSync(process.execPath, [STRYKER, "run", "--mutate", mutate.join(","), ...more, ...flags], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, VECTORS_DIR: vectorsDir, ONLY_TESTS: tests.join(",") },
  })
  if (stryker.status !== 0) throw new Error(`Stryker ended with ${stryker.status ?? stryker.signal}`)
  return readJson(".cache/mutation/report.json") as Report
}

/** The tests beside a file, which may be a range of it. */
function ownTestOf(file: string): string {
  return file.replace(/\.ts\b.*$/, ".test.ts")
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), "utf8"))
}
