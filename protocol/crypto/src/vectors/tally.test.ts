import { describe, expect, it } from "vitest"
import { Tally } from "./tally.ts"

describe("tally", () => {
  it("counts what passed, what failed with its name, and what was skipped with its reason", () => {
    const tally = new Tally()
    tally.check("one", () => true)
    tally.check("two", () => false)
    tally.check("three", () => {
      throw new Error("broken")
    })
    tally.skip("no such cipher", 2)
    tally.skip("no such cipher")
    tally.skip("nothing", 0)
    expect(tally.result()).toEqual({
      cases: 6,
      passed: 1,
      failed: 2,
      skipped: 3,
      why: "3: no such cipher",
      failures: ["two", "three: Error: broken"],
    })
  })
})
