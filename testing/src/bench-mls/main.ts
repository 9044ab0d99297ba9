/**
 * `npm run bench:mls`: our MLS against every other one in reach and against the bare primitives, in one run on one machine.
 * `npm run bench:mls:peers` installs the peers that do not come with the workspace.
 */
import { cpuUsage } from "node:process"
import { newSuite, suite0001 } from "@qpc/crypto/node"
import { machineName } from "../bench/report.ts"
import { flagsOf, refuse } from "../command-line.ts"
import { availableImplementations } from "./peers.ts"
import { OPERATIONS } from "./operations.ts"
import type { OperationName } from "./operations.ts"
import { toJson, toText } from "./report.ts"
import { writeReadme } from "./readme.ts"
import { run } from "./run.ts"

const values = flagsOf({
  command: "bench:mls",
  purpose: "Measures our MLS, every other one in reach and the bare primitives in turn. Takes 20 minutes, --quick two.",
  flags: {
    json: { type: "boolean", default: false, says: "print everything as JSON, ratios and targets included" },
    quick: { type: "boolean", default: false, says: "fewer sizes and shorter slices, to see that it works" },
    readme: { type: "boolean", default: false, says: "write the tables into the README of protocol/mls" },
    only: { type: "string", default: "", says: "only these operations, such as protect,join" },
    sizes: { type: "string", says: "only groups of these sizes, such as 2,1000" },
    peers: { type: "string", says: "only these peers, such as tsmls,openmls_wasm" },
    cpu: {
      type: "boolean",
      default: false,
      says: "count processor time, for a busy machine; leaves native OpenMLS out",
    },
  },
})

/** Those that something is wanted of come first: what the time is not enough for is left out. */
const FULL_SIZES = [2, 10_000, 1000, 100, 10]

const full = {
  plan: { rounds: 5, sliceMs: 100, warmUpMs: 200, capMs: 5000 },
  budgetMs: 19 * 60_000,
  sizes: FULL_SIZES,
}
const quick = { plan: { rounds: 3, sliceMs: 30, warmUpMs: 60, capMs: 1500 }, budgetMs: 90_000, sizes: [2, 100] }

const IN_THIS_PROCESS = ["tsmls", "corecrypto", "openmls_wasm"]
/** User and system time of all threads, in milliseconds. */
const processorMs = (): number => Object.values(cpuUsage()).reduce((sum, microseconds) => sum + microseconds, 0) / 1000

/** What everybody who has only Node would compute with. */
const nodeAlone = newSuite(suite0001.id, { libraries: "node:crypto" })
const machine = machineName()
const { implementations, absent } = await availableImplementations(
  listOf(values.peers) ?? (values.cpu ? IN_THIS_PROCESS : undefined),
)
const { plan, budgetMs, sizes } = values.quick ? quick : full
const made = await run(implementations, {
  plan,
  budgetMs,
  sizes: values.sizes === undefined ? sizes : listOf(values.sizes)!.map(Number),
  only: (listOf(values.only) ?? []).map(toOperation),
  suite: nodeAlone,
  report: (progress) => console.error(`measuring ${progress} …`),
  nowMs: () => performance.now(),
  machine: values.cpu ? { nowMs: processorMs, collect: () => globalThis.gc?.() } : undefined,
})
const primitives = { ours: suite0001.primitives(), bound: nodeAlone.primitives() }
const report = { machine, primitives, implementations, absent, made }
console.log(values.json ? JSON.stringify(toJson(report), undefined, 2) : toText(report))
if (values.readme) await writeReadme(new URL("../../../protocol/mls/README.md", import.meta.url), report)
for (const implementation of implementations) await implementation.close()

function listOf(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").filter((part) => part !== "")
}

function toOperation(name: string): OperationName {
  const found = OPERATIONS.find((operation) => operation.name === name)
  return found?.name ?? refuse(`--only: ${name} is none of ${OPERATIONS.map((one) => one.name).join(", ")}`)
}
