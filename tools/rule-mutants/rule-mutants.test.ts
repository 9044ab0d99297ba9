import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { ALL_MUTANTS } from "./all-mutants.ts"
import { broken } from "./rule-mutant.ts"
import { verdictOf } from "./verdict.ts"

const inTree = (path: string): string => new URL(`../../${path}`, import.meta.url).pathname

describe("the list of broken rules", () => {
  it.each(ALL_MUTANTS)("fits the code: $file, $does", (mutant) => {
    const source = readFileSync(inTree(mutant.file), "utf8")
    expect(broken(mutant, source)).not.toBe(source)
    expect(mutant.tests.filter((test) => !existsSync(inTree(test)))).toEqual([])
  })

  it("names each mutant once, and covers every layer", () => {
    expect(new Set(ALL_MUTANTS.map(({ does }) => does)).size).toBe(ALL_MUTANTS.length)
    const places = [
      "protocol/mls",
      "protocol/gbp",
      "protocol/gtp",
      "protocol/gap",
      "protocol/envelope",
      "protocol/group",
      "server",
      "sdk",
    ]
    const counts = places.map((place) => ALL_MUTANTS.filter(({ file }) => file.startsWith(`${place}/`)).length)
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(4)
    expect(ALL_MUTANTS.length).toBeGreaterThanOrEqual(36)
  })

  it("is out of date where the old text is gone, or stands there twice", () => {
    const mutant = { does: "x", file: "x.ts", was: "a < b", is: "a <= b", tests: [] }
    expect(() => broken(mutant, "a > b")).toThrow("0 times")
    expect(() => broken(mutant, "a < b && a < b")).toThrow("2 times")
    expect(broken(mutant, "if (a < b) $&")).toBe("if (a <= b) $&")
  })
})

const file = (status: string, ...results: string[]) => ({
  name: "x.test.ts",
  message: "cannot load",
  status,
  assertionResults: results.map((one, i) => ({ fullName: `test ${i}`, status: one })),
})

describe("the verdict over a mutant", () => {
  it("names the first test that failed", () => {
    const report = { numPassedTests: 1, testResults: [file("failed", "passed", "failed")] }
    expect(verdictOf(report)).toEqual({ kind: "killed", killer: "test 1" })
  })

  it("is that it survived where all tests pass", () => {
    expect(verdictOf({ numPassedTests: 2, testResults: [file("passed", "passed", "passed")] })).toEqual({
      kind: "survived",
      tests: 2,
    })
  })

  it.each([
    ["there is no report", undefined],
    ["a file cannot be loaded", { numPassedTests: 0, testResults: [file("failed")] }],
    ["no test ran", { numPassedTests: 0, testResults: [] }],
  ])("is unclear where %s", (_title, report) => {
    expect(verdictOf(report).kind).toBe("unclear")
  })
})
