import { describe, expect, it } from "vitest"
import { countByStatus, judge, rangesMissed, rowsOf, withSecondLook } from "./survivors.ts"
import type { Excused, Mutant, Report } from "./survivors.ts"

const SOURCE = "function f() {\n  return a &&\n    b\n}\n"
const excuse: Excused = {
  file: "f.ts",
  line: "return a &&",
  original: "a && b",
  replacement: "true",
  why: "a and b always hold",
}

const mutant = (status: string): Mutant => ({
  mutatorName: "ConditionalExpression",
  replacement: "true",
  status,
  location: { start: { line: 2, column: 10 }, end: { line: 3, column: 6 } },
})

const reportOf = (...statuses: string[]): Report => ({
  files: { "f.ts": { source: SOURCE, mutants: statuses.map(mutant) } },
})

describe("the survivors of a mutation run", () => {
  it("are named by their text, so that a reason can be written", () => {
    const { why, ...named } = excuse
    expect(why).not.toBe("")
    const found = { ...named, at: 2, mutator: "ConditionalExpression", ended: "Survived" }
    expect(judge(reportOf("Survived"), []).unexplained).toEqual([found])
  })

  it("are excused by a reason for the same text, wherever it has moved", () => {
    const moved = { files: { "f.ts": { source: `\n${SOURCE}`, mutants: [down(mutant("Survived"))] } } }
    expect(judge(moved, [excuse])).toEqual({ unexplained: [], outdated: [] })
  })

  it("are not excused by a reason for another replacement or another file", () => {
    for (const other of [
      { ...excuse, replacement: "false" },
      { ...excuse, file: "g.ts" },
    ]) {
      expect(judge(reportOf("Survived"), [other]).unexplained).toHaveLength(1)
    }
  })

  it("include what no test reaches, and not what was killed or ran out of time", () => {
    expect(judge(reportOf("NoCoverage", "Killed", "Timeout"), []).unexplained).toHaveLength(1)
  })

  it("do not include what keeps a test file from being loaded", () => {
    expect(judgeBroken("An error occurred outside of a test run: /a/f.test.ts: no function")).toBe(0)
  })

  it.each([
    ["outside of any test file", "An error occurred outside of a test run: Error: no function"],
    ["of the machine", "Test runner crashed. Tried twice to restart it without any luck."],
    ["without a word", undefined],
  ])("include what ended with an error %s", (_, statusReason) => {
    expect(judgeBroken(statusReason)).toBe(1)
  })

  it("make a reason outdated by their absence, but only in files that were mutated", () => {
    const elsewhere = { ...excuse, file: "g.ts" }
    expect(judge(reportOf("Killed"), [excuse, elsewhere]).outdated).toEqual([excuse])
  })

  it("are told apart from what was noticed, file by file", () => {
    expect(rowsOf(reportOf("Killed", "Timeout", "Survived"), [excuse])).toEqual(["| `f.ts` | 3 | 2 | 1 |"])
    expect(rowsOf(reportOf("Killed", "Survived"), [])).toEqual(["| `f.ts` | 2 | 1 | 0 |"])
  })

  it("are counted by how they ended", () => {
    expect(countByStatus(reportOf("Killed", "Survived", "Killed"))).toEqual({ Killed: 2, Survived: 1 })
  })
})

describe("mutants that a file's own tests miss", () => {
  const first = reportOf("Killed", "Survived")
  const missed: Report = {
    files: { "f.ts": { source: SOURCE, mutants: [mutant("Killed"), down(mutant("Survived"))] } },
  }
  const again = (status: string): Report => ({ files: { "f.ts": { source: SOURCE, mutants: [down(mutant(status))] } } })

  it("are run a second time by their place", () => {
    expect(rangesMissed(first)).toEqual(["f.ts:2:9-3:5"])
    expect(rangesMissed(reportOf("Killed", "Timeout"))).toEqual([])
  })

  it("count as what they are found to be then", () => {
    expect(countByStatus(withSecondLook(missed, again("Killed")))).toEqual({ Killed: 2 })
    expect(countByStatus(withSecondLook(missed, again("NoCoverage")))).toEqual({ Killed: 1, NoCoverage: 1 })
  })

  it("are still missed where the second run did not find them again", () => {
    expect(countByStatus(withSecondLook(missed, { files: {} }))).toEqual({ Killed: 1, Survived: 1 })
  })

  it("do not take the place of those that were noticed, in whatever range they are met again", () => {
    expect(countByStatus(withSecondLook(reportOf("Killed"), reportOf("Survived")))).toEqual({ Killed: 1 })
  })

  it("are joined by those of files without tests of their own", () => {
    const other: Report = { files: { "g.ts": { source: SOURCE, mutants: [mutant("Killed")] } } }
    expect(Object.keys(withSecondLook(first, other).files).toSorted()).toEqual(["f.ts", "g.ts"])
  })
})

/** How many survivors there are where the only mutant ended with an error. */
function judgeBroken(statusReason: string | undefined): number {
  const broken: Mutant = { ...mutant("RuntimeError"), ...(statusReason !== undefined && { statusReason }) }
  return judge({ files: { "f.ts": { source: SOURCE, mutants: [broken] } } }, []).unexplained.length
}

function down({ location: { start, end }, ...rest }: Mutant): Mutant {
  return {
    ...rest,
    location: { start: { ...start, line: start.line + 1 }, end: { ...end, line: end.line + 1 } },
  }
}
