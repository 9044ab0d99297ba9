import { PARTITION_SHAPES } from "./plan.ts"
import type { SimulationReport } from "./simulate.ts"
import type { ViolationKind } from "./violation.ts"

/** What many runs came to. Plain data, so that it can be written down and gone on with. */
export interface Totals {
  /** The first seed and the one behind the last. */
  readonly start: string
  next: string
  seeds: number
  forks: number
  lost: number
  duplicated: number
  stranded: number
  /** Violations of every kind, by kind. */
  readonly violations: Partial<Record<ViolationKind, number>>
  readonly failedSeeds: string[]
  readonly counters: Record<string, number>
  slowestSettleMs: number
}

/** Before the first run. */
export function noTotals(start: bigint): Totals {
  const none = { seeds: 0, forks: 0, lost: 0, duplicated: 0, stranded: 0, slowestSettleMs: 0 }
  return { start: String(start), next: String(start), ...none, violations: {}, failedSeeds: [], counters: {} }
}

/** Adds one run. */
export function addRun(totals: Totals, { seed, violations, counters, settledAfterMs }: SimulationReport): void {
  totals.next = String(seed + 1n)
  totals.seeds += 1
  for (const { kind } of violations) totals.violations[kind] = (totals.violations[kind] ?? 0) + 1
  const count = (...kinds: readonly ViolationKind[]): number =>
    violations.filter(({ kind }) => kinds.includes(kind)).length
  totals.forks += count("fork")
  totals.lost += count("lost", "probe")
  totals.duplicated += count("duplicate")
  totals.stranded += count("stranded", "diverged")
  if (violations.length > 0) totals.failedSeeds.push(String(seed))
  for (const [what, times] of counters) totals.counters[what] = (totals.counters[what] ?? 0) + times
  totals.slowestSettleMs = Math.max(totals.slowestSettleMs, settledAfterMs ?? 0)
}

/** What has to have happened somewhere in a few hundred runs. A fault that never happens tests nothing. */
const MUST_HAPPEN: readonly string[] = [
  "packets lost",
  "packets duplicated",
  "packets held back",
  "packets cut off",
  "packets clogged",
  ...PARTITION_SHAPES.map((shape) => `partition ${shape}`),
  "client crashes, its last transaction lost",
  "client crashes, its last transaction kept",
  "client disk fails, transaction lost",
  "client disk fails, transaction kept",
  "client disks full",
  "clients killed",
  "clients offline",
  "clients started again after their disk failed",
  "bits flipped",
  "damaged groups noticed",
  "damaged groups given up",
  "members of damaged groups",
  "server crashes, its last transaction lost",
  "server crashes, its last transaction kept",
  "server disk full",
  "server disk fails",
  "repeats recognised by the server",
  "commits that came second",
  "invitations that succeeded",
  "members removed",
  "texts that had to wait for room",
  "commits left out of full inboxes",
  "members away for longer than the log",
  "requests to come back accepted",
  "answers to requests to come back accepted",
  "devices linked",
  "second devices that joined",
  "texts shown on second devices",
  "devices taken back",
  "devices barred after they were taken back",
  "second devices lost",
  "first devices lost, the second kept",
  "key updates that people asked for",
  "commits for new keys that nobody asked for",
  "groups that changed their cipher suite",
  "members who followed into another cipher suite",
  "texts shown that were sealed in a former cipher suite",
  "refused: suite_not_ready",
  "old programs put back",
  "programs updated",
  "groups that wait for another program",
]

/** What should have happened and did not. */
export const neverHappened = ({ counters }: Totals): readonly string[] =>
  MUST_HAPPEN.filter((what) => (counters[what] ?? 0) === 0)
