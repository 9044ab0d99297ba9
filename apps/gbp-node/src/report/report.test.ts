import { describe, expect, it } from "vitest"
import { Report } from "./report.ts"

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
    expect(report.summary()).toEqual(["", "3 passed, 1 failed, 3 skipped of 7"])
  })

  it.each([
    ["passed", [passed, skipped], true],
    ["failed", [passed, failed], false],
    ["only skipped", [skipped], false],
    ["nothing", [], false],
  ])("is good only where something passed and nothing failed: %s", (_, sets, isGood) => {
    expect(reportOf(...sets).report.isGood).toBe(isGood)
  })

  it("is the same as data, with the first five failures, and with where to get a file that is missing", () => {
    const failures = ["1", "2", "3", "4", "5", "6"]
    const missing = { ...skipped, missing: "cbor/appendix_a.json" }
    const { data } = reportOf(passed, { ...failed, failures }, missing).report
    const { failures: _, ...counts } = passed
    expect(data).toMatchObject({ cases: 7, passed: 3, failed: 1, skipped: 3 })
    expect(data.sets).toEqual([
      counts,
      { ...counts, name: "two", passed: 1, failed: 1, failures: failures.slice(0, 5) },
      { ...counts, name: "three", cases: 3, passed: 0, skipped: 3, why: "later", howToGet: expect.any(String) },
    ])
  })

  it("says once for each origin where to get what is missing", () => {
    const one = { ...skipped, missing: "mls-wg/test-vectors/messages.json" }
    const other = { ...skipped, missing: "mls-wg/test-vectors/treekem.json" }
    expect(reportOf(one, other).report.summary()).toEqual([
      "",
      "To run what was skipped for want of its file, put",
      expect.stringContaining("https://github.com/mlswg/mls-implementations"),
      "",
      "0 passed, 0 failed, 6 skipped of 6",
    ])
  })

  it("prints each item of a checklist, and why it failed", () => {
    const items = [
      { number: 1, title: "formation" },
      { number: 2, title: "replay", failure: "heard twice" },
    ]
    const { lines } = reportOf({ ...failed, failures: ["2 replay: heard twice"], items })
    expect(lines.slice(2)).toEqual(["    1 formation: passed", "    2 replay: heard twice"])
  })
})
