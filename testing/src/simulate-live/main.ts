/** `npm run simulate:live`. Exit code 0 when all is well, 1 after a violation. */
import { execFileSync } from "node:child_process"
import { flagsOf, refuse } from "../command-line.ts"
import { simulateLive } from "./simulate-live.ts"
import type { LiveReport } from "./simulate-live.ts"

const values = flagsOf({
  command: "simulate:live",
  purpose: "Runs live groups over MLS in virtual time, each from one seed, while the network and coordinators fail.",
  flags: {
    seeds: { type: "string", default: "200", says: "how many seeds" },
    start: { type: "string", default: "1", says: "the first of them" },
    seed: { type: "string", says: "only this one, with everything that happens" },
  },
})

if (values.seed !== undefined) runOne(toSeed(values.seed))
else runMany(toSeed(values.start), toSeed(values.seeds))

function runOne(seed: bigint): void {
  const report = simulateLive(seed)
  console.log(report.lines.join("\n"))
  console.log(summaryOf(report))
  if (report.violations.length > 0) printFailure(report)
}

function runMany(start: bigint, count: bigint): void {
  const totals = { failed: 0, frames: 0, killed: 0, epochs: 0, members: 0 }
  for (let seed = start; seed < start + count; seed++) {
    const report = simulateLive(seed)
    totals.frames += report.frames.sent
    totals.killed += report.killed
    totals.epochs += report.epochs
    totals.members += report.members
    if (report.violations.length === 0) continue
    totals.failed++
    printFailure(report)
  }
  const { failed, frames, killed, epochs, members } = totals
  console.log(
    `${count} live histories, ${failed} failed: ${epochs} epochs, ${frames} frames, ${killed} members stopped,`,
  )
  const end = failed === 0 ? ", each group in one epoch, its members readable to each other" : ""
  console.log(`${members} members in their groups at the end${end}.`)
}

function printFailure(report: LiveReport): void {
  process.exitCode = 1
  console.log(
    `seed ${report.seed} at ${commit()}: ${report.violations.map(({ kind, text }) => `${kind}: ${text}`).join("; ")}`,
  )
  console.log(`  see it again: npm run simulate:live -- --seed ${report.seed}`)
}

function summaryOf({ hash, plan, frames, killed }: LiveReport): string {
  const { sent, lost, cut, repeated } = frames
  return `history ${hash}: ${plan.memberCount} members at first, ${sent} frames, of which ${lost} lost, ${cut} cut off, ${repeated} repeated; ${killed} stopped`
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty", "--abbrev=12"], { encoding: "utf8" }).trim()
  } catch {
    return "unknown: not in a repository"
  }
}

function toSeed(text: string): bigint {
  if (/^\d{1,20}$/.test(text) && BigInt(text) < 2n ** 64n) return BigInt(text)
  refuse(`not a number from 0 to 2^64 - 1: ${text}`)
}
