/**
 * `npm run bench:stack`: frames of `gbp-stack` in both profiles and all codecs, SFrame, playout and Opus, beside the published stack where
 * `npm run interop:gbp:peer` built it, in one run on one machine.
 */
import { cpuUsage } from "node:process"
import { machineName } from "../bench/report.ts"
import { flagsOf } from "../command-line.ts"
import { publishedSource } from "../interop-gbp/published-source.ts"
import { isPublishedStackBuilt, PublishedStack } from "../interop-gbp/published-stack.ts"
import { toJson, toText } from "./report.ts"
import { run } from "./run.ts"

const values = flagsOf({
  command: "bench:stack",
  purpose: "Measures frames of gbp-stack, SFrame, playout and Opus in turn. Takes two minutes, --quick some seconds.",
  flags: {
    json: { type: "boolean", default: false, says: "print everything as JSON, ratios and goals included" },
    quick: { type: "boolean", default: false, says: "one short slice of each, to see that it works" },
    cpu: {
      type: "boolean",
      default: false,
      says: "count processor time, for a busy machine; leaves the published stack out",
    },
    only: {
      type: "string",
      default: "",
      says: "only comparisons with these words in their names, such as text,sframe",
    },
  },
})

const plan = values.quick ? { rounds: 1, sliceMs: 10, warmUpMs: 10 } : { rounds: 5, sliceMs: 100, warmUpMs: 200 }

/** User and system time of all threads, in milliseconds. */
const processorMs = (): number => Object.values(cpuUsage()).reduce((sum, microseconds) => sum + microseconds, 0) / 1000

const machine = machineName()
const published = isPublishedStackBuilt() && !values.cpu ? new PublishedStack() : undefined
try {
  const only = values.only.split(",").filter((word) => word !== "")
  const made = await run({
    plan,
    published,
    only,
    report: (name) => console.error(`measuring ${name} …`),
    ...(values.cpu && { machine: { nowMs: processorMs, collect: () => globalThis.gc?.() } }),
  })
  const report = { machine, published: published && publishedSource(), made }
  console.log(values.json ? JSON.stringify(toJson(report), undefined, 2) : toText(report))
} finally {
  await published?.close()
}
