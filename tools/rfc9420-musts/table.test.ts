import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { MUSTS } from "./musts.ts"
import { missingTitles, renderTable, TABLE } from "./table.ts"

describe("the table of what RFC 9420 demands", () => {
  it("names only tests that exist", () => {
    expect(missingTitles()).toEqual([])
  })

  it("is up to date", () => {
    expect(readFileSync(TABLE, "utf8")).toBe(renderTable())
  })

  it("has a test for everything that the engine has to see to", () => {
    expect(MUSTS.filter(({ keeper, tests }) => keeper === "engine" && tests.length === 0)).toEqual([])
  })

  it("notices a test that is gone", () => {
    const gone = { section: "1", keeper: "engine", says: "Nothing.", tests: ["a title that nothing has"] } as const
    expect(missingTitles([gone])).toEqual(["§1: a title that nothing has"])
  })
})
