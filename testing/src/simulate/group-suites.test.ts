import { describe, expect, it } from "vitest"
import { GroupSuites } from "./group-suites.ts"

const [CHACHA, X_WING] = [0x0003, 0xf002]

function watched() {
  const counts: string[] = []
  const suites = new GroupSuites((what) => void counts.push(what))
  const isFine = (device: string, epoch: bigint, suiteId: number): boolean =>
    suites.observed(device, "group", { epoch, suiteId })
  return { suites, counts, isFine }
}

describe("cipher suites of groups, as devices say", () => {
  it("may change to and fro between two that are as strong, and to X-Wing", () => {
    const { isFine } = watched()
    const said = [1, CHACHA, 1, X_WING, X_WING].map((suiteId, i) => isFine("d1", BigInt(i), suiteId))
    expect(said).toEqual([true, true, true, true, true])
  })

  it("never go back from X-Wing, whoever says it and in whatever order it is heard", () => {
    const { isFine } = watched()
    expect(isFine("d1", 5n, X_WING)).toBe(true)
    expect(isFine("d2", 4n, 1)).toBe(true)
    expect(isFine("d2", 6n, 1)).toBe(false)
    const another = watched()
    expect(another.isFine("d1", 6n, CHACHA)).toBe(true)
    expect(another.isFine("d2", 6n, X_WING)).toBe(false)
  })

  it("are counted once for the group, and for each device that follows", () => {
    const { isFine, counts } = watched()
    for (const device of ["d1", "d2"]) for (const epoch of [1n, 2n, 3n]) isFine(device, epoch, epoch < 2n ? 1 : X_WING)
    expect(counts.toSorted()).toEqual([
      "groups that changed their cipher suite",
      "members who followed into another cipher suite",
      "members who followed into another cipher suite",
    ])
  })

  it("tell what is read with the keys of before", () => {
    const { isFine, suites } = watched()
    for (const [i, suiteId] of [1, 1, X_WING].entries()) isFine("d1", BigInt(i), suiteId)
    isFine("d2", 1n, 1)
    const former = (device: string, epoch: bigint): boolean => suites.isFormer(device, "group", epoch)
    expect([former("d1", 1n), former("d1", 2n), former("d2", 1n), former("d2", 9n)]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})
