import { describe, expect, it } from "vitest"
import type { Outcome } from "./matrix.ts"
import { report } from "./report.ts"

const row = (changes: Partial<Outcome>): Outcome => ({
  script: "commit/add",
  cipherSuite: 1,
  handshake: "private",
  stacks: ["ours", "ts-mls"],
  result: "passed",
  milliseconds: 500,
  ...changes,
})

describe("the report of an interop run", () => {
  it("shows each story and suite once, and each reason once", () => {
    const text = report([
      row({}),
      row({ handshake: "public", result: "failed", because: "bob: no" }),
      row({ cipherSuite: 2, result: "unsupported", because: "no P-256" }),
    ])
    expect(text.split("\n")).toEqual([
      "script            suite 1        suite 2",
      "commit/add    ok / FAILED              –",
      "",
      "FAILED commit/add (1×): bob: no",
      "– commit/add (1×): no P-256",
      "",
      "ours, ts-mls: 1 passed, 1 failed, 1 not possible of 3 in 2 s",
    ])
  })

  it("is empty where nothing was played", () => {
    expect(report([])).toContain("nobody: 0 passed")
  })
})
