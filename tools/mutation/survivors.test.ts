import { describe, expect, it } from "vitest"
import { countByStatus, judge, rangesPutOff, withPutOff } from "./survivors.ts"
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
    expect(judge(reportOf("Survived"), []).unexplained).toEqual([{ ...named, at: 2, mutator: "ConditionalExpression" }])
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

  it("make a reason outdated by their absence, but only in files that were mutated", () => {
    const elsewhere = { ...excuse, file: "g.ts" }
    expect(judge(reportOf("Killed"), [excuse, elsewhere]).outdated).toEqual([excuse])
  })

  it("are counted by how they ended", () => {
    expect(countByStatus(reportOf("Killed", "Survived", "Killed"))).toEqual({ Killed: 2, Survived: 1 })
  })
})

describe("mutants that only loading a module meets", () => {
  const putOff: Mutant = { ...mutant("Ignored"), statusReason: 'Static mutant (and "ignoreStatic" was enabled)' }
  const first: Report = { files: { "f.ts": { source: SOURCE, mutants: [mutant("Killed"), putOff] } } }

  it("are run a second time by their place", () => {
    expect(rangesPutOff(first)).toEqual(["f.ts:2:9-3:5"])
    expect(rangesPutOff(reportOf("Killed", "Ignored"))).toEqual([])
  })

  it("count as what they are found to be then", () => {
    const whole = withPutOff(first, reportOf("Survived"))
    expect(countByStatus(whole)).toEqual({ Killed: 1, Survived: 1 })
    expect(countByStatus(withPutOff(first, { files: {} }))).toEqual({ Killed: 1 })
  })

  it("are not mixed up with others in the same range", () => {
    const other = { files: { "f.ts": { source: SOURCE, mutants: [down(mutant("Survived"))] } } }
    expect(countByStatus(withPutOff(first, other))).toEqual({ Killed: 1 })
  })
})

function down({ location: { start, end }, ...rest }: Mutant): Mutant {
  return {
    ...rest,
    location: { start: { ...start, line: start.line + 1 }, end: { ...end, line: end.line + 1 } },
  }
}
