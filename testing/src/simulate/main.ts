/**
 * `npm run simulate -- [--seeds N] [--start S] [--json] [--progress] [--state FILE]`: runs N seeds from S on; with a state
 * file, goes on where an earlier run with the same file stopped. `--seed S` runs one and tells what happened, `--shrink S`
 * looks for a smaller run that fails like it.
 *
 * Exit code 0 when all is well, 1 after a violation or a fault that never happened in 200 seeds or more, 2 for a wrong
 * option.
 */
import { execFileSync } from "node:child_process"
import type { ExecFileSyncOptionsWithStringEncoding } from "node:child_process"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { suite0001 } from "@qpc/crypto/node"
import type { Restrictions } from "./plan.ts"
import { printFailure, printRun, printTotals, progressBar } from "./print.ts"
import { shrink } from "./shrink.ts"
import { simulate } from "./simulate.ts"
import type { SimulationReport } from "./simulate.ts"
import { addRun, neverHappened, noTotals } from "./totals.ts"
import type { Totals } from "./totals.ts"

const GIT = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] } satisfies ExecFileSyncOptionsWithStringEncoding
const SEEDS_FOR_COVERAGE = 200
const DEFAULT_SEEDS = "200"

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: DEFAULT_SEEDS },
    start: { type: "string", default: "1" },
    seed: { type: "string" },
    shrink: { type: "string" },
    state: { type: "string" },
    json: { type: "boolean", default: false },
    progress: { type: "boolean", default: process.stderr.isTTY },
  },
})

const run = (seed: bigint, restrictions: Restrictions = {}): Promise<SimulationReport> =>
  simulate({ seed, restrictions, suite: suite0001, drain: () => new Promise((resolve) => setImmediate(resolve)) })

if (values.shrink !== undefined) await shrinkOne(toSeed(values.shrink))
else if (values.seed !== undefined) await runOne(toSeed(values.seed))
else await runMany(toSeed(values.start), Number(toSeed(values.seeds)))

async function runOne(seed: bigint): Promise<void> {
  const report = await run(seed)
  printRun(report)
  process.exitCode = report.violations.length > 0 ? 1 : 0
}

async function shrinkOne(seed: bigint): Promise<void> {
  const found = await shrink(seed, async (smaller) => {
    const { violations } = await run(seed, smaller)
    return new Set(violations.map(({ kind }) => kind))
  })
  printRun(await run(seed, found))
  const without = [...(found.without ?? [])].join(", ") || "nothing"
  console.log(`smallest that was found: ${JSON.stringify(found)}, without ${without}`)
}

async function runMany(start: bigint, count: number): Promise<void> {
  const totals = loadTotals(start)
  const end = BigInt(totals.start) + BigInt(count)
  for (let seed = BigInt(totals.next); seed < end; seed++) {
    const report = await run(seed)
    addRun(totals, report)
    if (report.violations.length > 0 && !values.json) printFailure(report, commit())
    saveTotals(totals)
    if (values.progress) process.stderr.write(`\r${progressBar(totals, count)}`)
  }
  if (values.progress) process.stderr.write("\n")
  const missing = totals.seeds >= SEEDS_FOR_COVERAGE ? neverHappened(totals) : []
  if (values.json) console.log(JSON.stringify({ commit: commit(), ...totals, neverHappened: missing }, undefined, 2))
  else printTotals(totals, missing)
  process.exitCode = totals.failedSeeds.length + missing.length > 0 ? 1 : 0
}

function loadTotals(start: bigint): Totals {
  if (values.state === undefined || !existsSync(values.state)) return noTotals(start)
  return JSON.parse(readFileSync(values.state, "utf8")) as Totals
}

/** Whoever stops the program between two seeds finds either the state before or the state after the last one. */
function saveTotals(totals: Totals): void {
  if (values.state === undefined) return
  writeFileSync(`${values.state}.new`, JSON.stringify(totals))
  renameSync(`${values.state}.new`, values.state)
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty", "--abbrev=12"], GIT).trim()
  } catch {
    return "unknown: not in a repository"
  }
}

function toSeed(text: string): bigint {
  if (/^\d{1,20}$/.test(text) && BigInt(text) < 2n ** 64n) return BigInt(text)
  console.error(`not a number from 0 to 2^64 - 1: ${text}`)
  process.exit(2)
}
