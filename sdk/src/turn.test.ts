import { describe, expect, it } from "vitest"
import { Turn } from "./turn.ts"

describe("turn", () => {
  it("runs one after the other, in the order of asking, also after a failure", async () => {
    const turn = new Turn(10)
    const log: string[] = []
    const act = (name: string, fails = false) =>
      turn.take(async () => {
        log.push(`${name} begins`)
        await Promise.resolve()
        log.push(`${name} ends`)
        if (fails) throw new RangeError(name)
      })
    const all = Promise.allSettled([act("one"), act("two", true), act("three")])
    expect((await all).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"])
    expect(log).toEqual(["one begins", "one ends", "two begins", "two ends", "three begins", "three ends"])
  })

  it("refuses what would wait beyond the limit", async () => {
    const turn = new Turn(1)
    const { promise, resolve } = Promise.withResolvers<void>()
    const first = turn.take(() => promise)
    await expect(turn.take(async () => undefined)).rejects.toMatchObject({ code: "busy", retryable: true })
    resolve()
    await first
    await expect(turn.take(async () => "again")).resolves.toBe("again")
  })

  it("lets all that was asked for end before it is closed, and nothing begin any more", async () => {
    const turn = new Turn(10)
    const log: string[] = []
    const several = async (): Promise<void> => {
      for (const name of ["one", "two"]) {
        await turn.take(async () => {
          log.push(`${name} begins`)
          await Promise.resolve()
          log.push(`${name} ends`)
        })
      }
    }
    const asked = Promise.allSettled([several(), turn.takeAlways(async () => log.push("another"))])
    await turn.close()
    log.push("closed")
    expect(await asked).toMatchObject([{ reason: { code: "store_closed" } }, { status: "fulfilled" }])
    expect(log).toEqual(["one begins", "one ends", "another", "closed"])
  })
})
