import { suite0001 } from "@qpc/crypto/node"
import { beforeAll, describe, expect, it } from "vitest"
import { CASTS } from "./casts.ts"
import type { CastName } from "./casts.ts"
import { allOrders, randomOrder } from "./orders.ts"
import { race } from "./race.ts"
import type { RaceOrder } from "./race.ts"
import { startingLine } from "./starting-line.ts"

/** What went wrong in races from one starting line, each with its order; nothing, as it should be. */
async function complaintsOf(racerCount: number, cast: CastName, orders: readonly RaceOrder[]): Promise<string[]> {
  const line = await startingLine({ suite: suite0001, racerCount, cast, seed: racerCount })
  const complaints: string[] = []
  for (const order of orders) {
    const result = await race(line, order)
    complaints.push(...result.complaints.map((complaint) => `${JSON.stringify(order)}: ${complaint}`))
  }
  return complaints
}

beforeAll(async () => {
  // The first race compiles everything; that time is no test's.
  await complaintsOf(2, "all the same", [randomOrder(2, 1)])
})

describe("commits of several members out of one epoch, at the real delivery service", () => {
  it.each([2, 3, 4].flatMap((racerCount) => CASTS.map((cast) => [racerCount, cast] as const)))(
    "have one winner and leave no intent without an end: %d want %s, in every order",
    async (racerCount, cast) => {
      expect(await complaintsOf(racerCount, cast, allOrders(racerCount))).toEqual([])
    },
  )

  it.each([0, 1, 2, 3, 4])(
    "have one winner and leave no intent without an end: 5 want each something else, %d first, in every order",
    async (first) => {
      const orders = allOrders(5).filter(({ refusals, arrival }, i) => {
        return arrival[0] === first && (refusals === "before") === i % 4 < 2
      })
      expect(orders).toHaveLength(24)
      expect(await complaintsOf(5, "each something else", orders)).toEqual([])
    },
  )

  it.each([6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])(
    "have one winner and leave no intent without an end: %d, in orders that are drawn",
    async (racerCount) => {
      const orders = [1, 2].map((seed) => randomOrder(racerCount, seed))
      expect(await complaintsOf(racerCount, "anything", orders)).toEqual([])
      expect(await complaintsOf(racerCount, CASTS[racerCount % 3]!, orders.slice(1))).toEqual([])
    },
  )
})
