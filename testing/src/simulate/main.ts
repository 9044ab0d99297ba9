/**
 * `npm run simulate`. Exit code 0 when all is well, 1 after a violation or a fault that never happened in 200 seeds or more. With
 * `--capsule` see `run-capsule.ts`.
 */
import { execFileSync } from "node:child_process"
import type { ExecFileSyncOptionsWithStringEncoding } from "node:child_process"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { suite0001 } from "@qpc/crypto/node"
import { flagsOf, refuse } from "../command-line.ts"
import { runCapsule } from "./capsule/run-capsule.ts"
import { NODE_SUITES } from "./node-suites.ts"
import { FAULTS } from "./plan.ts"
import type { FaultName, Restrictions } from "./plan.ts"
import { printFailure, printRun, printTotals, progressBar } from "./print.ts"
import { runSeeds } from "./seed-pool.ts"
import { shrink } from "./shrink.ts"
import { shrunkText } from "./shrunk-text.ts"
import { simulate } from "./simulate.ts"
import type { SimulationReport } from "./simulate.ts"
import { addRun, neverHappened, noTotals } from "./totals.ts"
import type { Totals } from "./totals.ts"

const GIT = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] } satisfies ExecFileSyncOptionsWithStringEncoding
const SEEDS_FOR_COVERAGE = 200
const DEFAULT_SEEDS = "200"
const JOBS_LIMIT = 256

const values = flagsOf({
  command: "simulate",
  purpose:
    "Runs worlds of real clients and a real server in virtual time, each from one seed, while everything goes wrong.",
  flags: {
    seeds: { type: "string", default: DEFAULT_SEEDS, says: "how many seeds" },
    start: { type: "string", default: "1", says: "the first of them" },
    seed: { type: "string", says: "only this one, with everything that happens" },
    shrink: { type: "string", says: "look for a smaller run that fails like this seed" },
    capsule: { type: "string", says: "replay what qpc doctor --capsule wrote into this file" },
    without: { type: "string", default: "", says: "with --seed: kinds of trouble to leave out, as in a,b" },
    devices: { type: "string", says: "with --seed: so many first devices" },
    groups: { type: "string", says: "with --seed: so many groups" },
    duration: { type: "string", says: "with --seed: so many virtual milliseconds of trouble" },
    jobs: {
      type: "string",
      default: String(availableParallelism()),
      says: "threads; the result does not depend on them",
    },
    state: { type: "string", says: "a file to go on from where an earlier run stopped" },
    json: { type: "boolean", default: false, says: "print the totals as JSON" },
    progress: { type: "boolean", default: process.stderr.isTTY, says: "show how far it is (default on a terminal)" },
  },
})

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const run = (seed: bigint, restrictions: Restrictions = {}): Promise<SimulationReport> =>
  simulate({ seed, restrictions, ...NODE_SUITES, drain })

if (values.capsule !== undefined) await replayOne(values.capsule)
else if (values.shrink !== undefined) await shrinkOne(toSeed(values.shrink))
else if (values.seed !== undefined) await runOne(toSeed(values.seed))
else await runMany(toSeed(values.start), Number(toSeed(values.seeds)))

async function runOne(seed: bigint): Promise<void> {
  const { devices, groups, duration } = values
  const report = await run(seed, {
    without: toFaults(values.without),
    ...(devices !== undefined && { deviceCount: toCount(devices) }),
    ...(groups !== undefined && { groupCount: toCount(groups) }),
    ...(duration !== undefined && { durationMs: toCount(duration) }),
  })
  printRun(report)
  process.exitCode = report.violations.length > 0 ? 1 : 0
}

async function replayOne(file: string): Promise<void> {
  const { lines, exitCode } = await runCapsule(file, { suite: suite0001, drain })
  console.log(lines.join("\n"))
  process.exitCode = exitCode
}

async function shrinkOne(seed: bigint): Promise<void> {
  const found = await shrink(seed, async (smaller) => {
    const { violations } = await run(seed, smaller)
    return new Set(violations.map(({ kind }) => kind))
  })
  const [whole, small] = [await run(seed), await run(seed, found)]
  printRun(small)
  console.log(shrunkText({ whole, small, restrictions: found }).join("\n"))
}

async function runMany(start: bigint, count: number): Promise<void> {
  const totals = loadTotals(start)
  const end = BigInt(totals.start) + BigInt(count)
  for await (const report of runSeeds({ start: BigInt(totals.next), end, jobs: toJobs(values.jobs) })) {
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

function toCount(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  refuse(`not a number from 1 to 9999999: ${text}`)
}

function toJobs(text: string): number {
  const jobs = Number(text)
  if (Number.isInteger(jobs) && jobs >= 1 && jobs <= JOBS_LIMIT) return jobs
  refuse(`not a number of threads from 1 to ${JOBS_LIMIT}: ${text}`)
}

function toFaults(text: string): Set<FaultName> {
  const names = text.split(",").filter((name) => name !== "")
  const unknown = names.find((name) => !FAULTS.some((known) => known === name))
  if (unknown !== undefined) refuse(`no kind of trouble: ${unknown}. There is ${FAULTS.join(", ")}.`)
  return new Set(FAULTS.filter((name) => names.includes(name)))
}

function toSeed(text: string): bigint {
  if (/^\d{1,20}$/.test(text) && BigInt(text) < 2n ** 64n) return BigInt(text)
  refuse(`not a number from 0 to 2^64 - 1: ${text}`)
}
