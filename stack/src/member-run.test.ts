import { describe, expect, it } from "vitest"
import { MemberRun } from "./member-run.ts"

describe("the run of a member", () => {
  it("is 0 for a new one, which has nothing to be told apart from", () => {
    expect([MemberRun.first().number, MemberRun.first().isStored]).toEqual([0, true])
  })

  it("is one above the run that stored it, and the next one's is above that only once it is stored itself", () => {
    const run = MemberRun.after(7)
    expect([run.number, run.isStored]).toEqual([8, false])
    expect([run.store(), run.isStored]).toEqual([8, true])
  })

  it("is never that of a new member again", () => {
    expect(MemberRun.after(0xffff_ffff).number).toBe(1)
  })
})
