/**
 * `npm run bench [-- --json]`: compares what must be fast with the best that could be there instead, in one run on one
 * machine. Takes about a minute.
 */
import { flagsOf } from "../command-line.ts"
import { benchEnqueue } from "./enqueue.ts"
import { benchCreate, benchMembership } from "./mls-groups.ts"
import { benchMessages } from "./mls-messages.ts"
import { machineName, toText } from "./report.ts"
import type { Report, Result } from "./report.ts"
import { benchRpc } from "./rpc.ts"

const values = flagsOf({
  command: "bench",
  purpose: "Measures messages, groups, calls and storage against peers and bare primitives, in one run.",
  flags: { json: { type: "boolean", default: false, says: "print the results as JSON" } },
})

const short = { rounds: 9, sliceMs: 150, warmUpMs: 300 }
const groups = { rounds: 5, sliceMs: 60, warmUpMs: 100 }
const wide = { rounds: 5, sliceMs: 250, warmUpMs: 400 }

const parts: readonly (readonly [string, () => Promise<readonly Result[]>])[] = [
  ["messages of 100 B", async () => await benchMessages(100, "", short)],
  ["messages of 1 KiB", async () => await benchMessages(1024, "_1k", short)],
  ["creating groups", async () => [await benchCreate(groups)]],
  ["groups of 2", async () => await benchMembership(2, groups)],
  ["groups of 10", async () => await benchMembership(10, groups)],
  ["groups of 100", async () => await benchMembership(100, groups)],
  ["calls over QUIC and TLS", async () => [await benchRpc(wide)]],
  ["durable enqueues", async () => [await benchEnqueue(wide)]],
]

const machine = machineName()
const results: Result[] = []
for (const [name, run] of parts) {
  if (!values.json) console.error(`measuring ${name} …`)
  results.push(...(await run()))
}
const report: Report = {
  machine,
  ratios: Object.assign({}, ...results.map(({ ratios }) => ratios)) as Record<string, number>,
  rows: results.flatMap(({ rows }) => rows),
}
console.log(values.json ? JSON.stringify(report, undefined, 2) : toText(report))
