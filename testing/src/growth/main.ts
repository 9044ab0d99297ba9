/** `npm run growth`: what each change of a group costs, as a report with pictures in docs/growth. */
import { mkdirSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { nodeRandom } from "@qpc/crypto/node"
import { flagsOf, refuse } from "../command-line.ts"
import { measureSize } from "./measure.ts"
import type { SizeReport } from "./measure.ts"
import { curvesOf, writeReport } from "./report.ts"

const SIZE_LIMIT = 10_000
const WARM_UP_SIZE = 64

const values = flagsOf({
  command: "growth",
  purpose: "Measures what each change costs in groups of several sizes, and writes docs/growth with pictures.",
  flags: {
    sizes: { type: "string", default: "2,10,100,1000", says: "how many members, smallest first" },
    json: { type: "boolean", default: false, says: "print the numbers as JSON and write nothing" },
    into: { type: "string", default: "docs/growth", says: "the folder to write" },
  },
})

const reports: SizeReport[] = []
measureSize(WARM_UP_SIZE, nodeRandom) // Code that runs for the first time is slow, whatever the size.
for (const size of values.sizes.split(",").map(toSize)) {
  process.stderr.write(`${size} members\n`)
  reports.push(measureSize(size, nodeRandom))
}
if (values.json) console.log(JSON.stringify({ curves: curvesOf(reports), states: statesOf(reports) }, undefined, 2))
else write()

function write(): void {
  const machine = `Node ${process.version} on ${cpus()[0]?.model.trim() ?? "an unknown processor"}.`
  const { text, pictures } = writeReport(reports, machine)
  mkdirSync(values.into, { recursive: true })
  writeFileSync(`${values.into}/report.md`, text)
  for (const [file, picture] of pictures) writeFileSync(`${values.into}/${file}`, picture)
  console.log(`written: ${values.into}/report.md`)
}

function statesOf(all: readonly SizeReport[]): Record<string, number> {
  return Object.fromEntries(all.map(({ size, stateBytes }) => [size, stateBytes]))
}

function toSize(text: string): number {
  const size = Number(text)
  if (Number.isInteger(size) && size >= 2 && size <= SIZE_LIMIT) return size
  refuse(`not a number of members from 2 to ${SIZE_LIMIT}: ${text}`)
}
