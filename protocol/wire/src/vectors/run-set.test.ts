import { describe, expect, it } from "vitest"
import { runSafely } from "./run-set.ts"

/** A file that is not there. */
function broken(): never {
  throw new Error("no file")
}

const counts = { cases: 2, passed: 2, failed: 0, skipped: 0, failures: [] }

describe("running a set", () => {
  it("takes a runner that throws, or counts wrongly, for a failure", () => {
    expect(runSafely({ name: "one", run: broken })).toMatchObject({ failed: 1, failures: ["Error: no file"] })
    const wrong = { ...counts, cases: 3 }
    expect(runSafely({ name: "one", run: () => wrong })).toMatchObject({ name: "one", failed: 1 })
  })
})
