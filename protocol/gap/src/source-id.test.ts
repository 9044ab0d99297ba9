import { describe, expect, it } from "vitest"
import { isSourceOfMember, mediaSourceIdOf } from "./source-id.ts"

describe("the id of a source", () => {
  it("is the member id times 100 and the source's number", () => {
    expect(mediaSourceIdOf(0, 0)).toBe(0)
    expect(mediaSourceIdOf(3, 7)).toBe(307)
    expect(mediaSourceIdOf(999_999, 99)).toBe(99_999_999)
  })

  it("says whose source it is", () => {
    expect([299, 300, 399, 400].map((id) => isSourceOfMember(id, 3))).toEqual([false, true, true, false])
    expect(isSourceOfMember(0xffff_ffff, 3)).toBe(false)
  })

  it.each([
    [-1, 0],
    [1_000_000, 0],
    [1.5, 0],
    [1, -1],
    [1, 100],
    [1, 0.5],
  ])("does not exist for member %s and number %s", (memberId, number) => {
    expect(() => mediaSourceIdOf(memberId, number)).toThrow(RangeError)
  })
})
