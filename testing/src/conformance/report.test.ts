import { describe, expect, it } from "vitest"
import { Report } from "./report.ts"
import { runSafely } from "./run-set.ts"

/** A file that is not there. */
function broken(): never {
  throw new Error("no file")
}

const passed = { name: "one", cases: 2, passed: 2, failed: 0, skipped: 0, failures: [] }
const failed = { name: "two", cases: 2, passed: 1, failed: 1, skipped: 0, failures: ["case 1: no"] }
const skipped = { name: "three", cases: 3, passed: 0, failed: 0, skipped: 3, why: "later", failures: [] }

function reportOf(...sets: Parameters<Report["add"]>[0][]): { readonly report: Report; readonly lines: string[] } {
  const lines: string[] = []
  const report = new Report((line) => void lines.push(line))
  for (const set of sets) report.add(set)
  return { report, lines }
}

describe("a conformance report", () => {
  it("prints a line for each set as it comes, with the failures below it", () => {
    const { report, lines } = reportOf(passed, failed, skipped)
    expect(lines.map((line) => line.trim().split(/ +/).join(" "))).toEqual([
      "set cases passed failed skipped",
      "one 2 2 0 0",
      "two 2 1 1 0",
      "case 1: no",
      "three 3 0 0 3 later",
    ])
    expect(report.summary()).toBe("\n3 passed, 1 failed, 3 skipped of 7")
  })

  it.each([
    ["passed", [passed, skipped], true],
    ["failed", [passed, failed], false],
    ["only skipped", [skipped], false],
    ["nothing", [], false],
  ])("is good only where something passed and nothing failed: %s", (_, sets, isGood) => {
    expect(reportOf(...sets).report.isGood).toBe(isGood)
  })

  it("lists the same in JSON, without the failures' texts", () => {
    const { failures: _, ...listed } = skipped
    expect(JSON.parse(reportOf(skipped).report.json())).toEqual({ sets: [listed] })
  })
})

describe("running a set", () => {
  it("takes a runner that throws, or counts wrongly, for a failure", () => {
    expect(runSafely({ name: "one", run: broken })).toMatchObject({ failed: 1, failures: ["Error: no file"] })
    expect(runSafely({ name: "one", run: () => ({ ...passed, cases: 3 }) })).toMatchObject({ name: "one", failed: 1 })
  })
})
