import { expect, it } from "vitest"
import { toJson, toText } from "./report.ts"
import { run } from "./run.ts"

const machine = { node: "v26", cpu: "a processor", cores: 2, platform: "linux-x64", load: 1 }

it("one slice of everything runs, and is told with ratios, overheads and goals", async () => {
  const heard: string[] = []
  const made = await run({
    plan: { rounds: 1, sliceMs: 1, warmUpMs: 1 },
    published: undefined,
    only: [],
    report: (name) => heard.push(name),
  })
  expect(heard).toHaveLength(24)
  expect(made.comparisons[0]!.measured.map(({ name }) => name)).toEqual(["gbp/2", "gbp/1"])
  expect(made.overheads).toHaveLength(18)

  const report = { machine, published: undefined, made }
  const { rows, ratios, goals } = toJson(report)
  expect(rows.every(({ perSecond }) => perSecond > 0)).toBe(true)
  expect(Object.keys(ratios)).toHaveLength(19)
  expect(goals.map(({ name, target }) => [name, target])).toEqual([
    ["send sframe", 150_000],
    ["receive sframe", 150_000],
    ["play audio, jitter buffer", 1],
    ["play audio, playout", 1],
    ["opus encode", 1],
    ["opus decode", 1],
  ])
  expect(toText(report)).toContain("| send text, cbor | gbp/2 |")
})

it("only what was asked for is measured", async () => {
  const plan = { rounds: 1, sliceMs: 1, warmUpMs: 1 }
  const { comparisons } = await run({ plan, published: undefined, only: ["sframe"], report: () => {} })
  expect(comparisons.map(({ name }) => name)).toEqual(["send sframe", "receive sframe"])
})
