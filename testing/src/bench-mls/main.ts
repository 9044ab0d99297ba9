/**
 * `npm run bench:mls [-- --quick] [-- --json] [-- --readme] [-- --only protect,join] [-- --sizes 2,1000]`: our MLS against
 * every other one in reach and against the bare primitives, in one run on one machine. Quick takes two minutes at most,
 * full fifteen. `npm run bench:mls:peers` installs the peers that do not come with the workspace.
 *
 * `--cpu` counts the processor time of this process instead of the time on the wall, for a machine that has other work;
 * OpenMLS's native program cannot take part then. `--peers tsmls,openmls_wasm` lets only some peers take part.
 */
import { cpuUsage } from "node:process"
import { parseArgs } from "node:util"
import { suite0001 } from "@qpc/crypto/node"
import { machineName } from "../bench/report.ts"
import { availableImplementations } from "./peers.ts"
import { OPERATIONS } from "./operations.ts"
import type { OperationName } from "./operations.ts"
import { toJson, toText } from "./report.ts"
import { writeReadme } from "./readme.ts"
import { run } from "./run.ts"

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    readme: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    sizes: { type: "string" },
    peers: { type: "string" },
    cpu: { type: "boolean", default: false },
  },
})

/** Those that something is wanted of come first: what the time is not enough for is left out. */
const FULL_SIZES = [2, 10_000, 1000, 100, 10]

const full = {
  plan: { rounds: 5, sliceMs: 100, warmUpMs: 200, capMs: 5000 },
  budgetMs: 14 * 60_000,
  sizes: FULL_SIZES,
}
const quick = { plan: { rounds: 3, sliceMs: 30, warmUpMs: 60, capMs: 1500 }, budgetMs: 90_000, sizes: [2, 100] }

const IN_THIS_PROCESS = ["tsmls", "corecrypto", "openmls_wasm"]
/** User and system time of all threads, in milliseconds. */
const processorMs = (): number => Object.values(cpuUsage()).reduce((sum, microseconds) => sum + microseconds, 0) / 1000

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
  suite: suite0001,
  report: (progress) => console.error(`measuring ${progress} …`),
  nowMs: () => performance.now(),
  machine: values.cpu ? { nowMs: processorMs, collect: () => globalThis.gc?.() } : undefined,
})
const report = { machine, implementations, absent, made }
console.log(values.json ? JSON.stringify(toJson(report), undefined, 2) : toText(report))
if (values.readme) await writeReadme(new URL("../../../protocol/mls/README.md", import.meta.url), report)
for (const implementation of implementations) await implementation.close()

function listOf(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").filter((part) => part !== "")
}

/** @throws RangeError for what is not measured */
function toOperation(name: string): OperationName {
  const found = OPERATIONS.find((operation) => operation.name === name)
  if (found === undefined) throw new RangeError(`${name} is none of ${OPERATIONS.map((one) => one.name).join(", ")}`)
  return found.name
}
