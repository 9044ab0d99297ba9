import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { implementationOf } from "./implementation.ts"
import { ours } from "./ours.ts"
import { run } from "./run.ts"
import { tsMlsLibrary } from "./ts-mls.ts"

const briefly = {
  plan: { rounds: 1, sliceMs: 1, warmUpMs: 1 },
  budgetMs: Infinity,
  suite: suite0001,
  report: () => {},
  nowMs: () => 0,
  machine: undefined,
}

describe("a run", () => {
  it("measures ours, ts-mls and the bound of a message in a group of two", async () => {
    const implementations = [implementationOf(ours("ours", suite0001)), implementationOf(await tsMlsLibrary())]
    const { comparisons } = await run(implementations, { ...briefly, sizes: [2], only: ["protect", "unprotect"] })
    expect(comparisons.map(({ operation, measured }) => [operation, measured.map(({ name }) => name)])).toEqual([
      ["protect", ["ours", "bound", "tsmls"]],
      ["unprotect", ["ours", "bound", "tsmls"]],
    ])
  })

  it("plays every operation of ours, with the bytes of what was sent", async () => {
    const { comparisons, bytes } = await run([implementationOf(ours("ours", suite0001))], {
      ...briefly,
      sizes: [2],
      only: [],
    })
    expect(comparisons).toHaveLength(16)
    expect(bytes[0]!.value).toMatchObject({ application: 246 })
  })

  it("names what it had no time for", async () => {
    const options = { ...briefly, budgetMs: 0, sizes: [2], only: ["join"] } as const
    const { comparisons, leftOut } = await run([implementationOf(ours("ours", suite0001))], options)
    expect([comparisons, leftOut]).toEqual([[], ["join at 2 members"]])
  })

  it("leaves out whoever cannot have so many members", async () => {
    const small = { ...implementationOf(ours("ours_chacha", suite0001)), membersLimit: 1 }
    const implementations = [implementationOf(ours("ours", suite0001)), small]
    const { comparisons } = await run(implementations, { ...briefly, sizes: [2], only: ["export"] })
    expect(comparisons[0]!.measured.map(({ name }) => name)).toEqual(["ours", "bound"])
  })
})
