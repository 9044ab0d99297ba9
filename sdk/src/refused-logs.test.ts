import { toGroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { Context } from "./context.ts"
import { RefusedLogs } from "./refused-logs.ts"
import { TestClock } from "./testing/test-clock.ts"
import { Turn } from "./turn.ts"

const GROUPS = [1, 2, 3].map((byte) => toGroupId(new Uint8Array(16).fill(byte)))

/** Three groups whose logs were refused, of which all was told before. */
async function threeWait(again: (epoch: bigint) => Promise<void>) {
  const clock = new TestClock()
  const kept = GROUPS.map((groupId) => ({ record: { groupId, reason: "log_refused" } }))
  const profile = { notices: async () => kept }
  const context = { clock, profile, turn: new Turn(1), limits: { noticesKept: 10 } } as unknown as Context
  const troubles: unknown[] = []
  const onTrouble = (error: unknown): void => void troubles.push(error)
  const refused = new RefusedLogs(context, { again: ({ epoch }) => again(epoch), onTrouble })
  for (const [at, groupId] of GROUPS.entries()) await refused.add(groupId, BigInt(at))
  return { clock, troubles }
}

describe("groups whose logs the server refused", () => {
  it("are asked for again one after the other", async () => {
    const log: string[] = []
    const { clock } = await threeWait(async (epoch) => {
      log.push(`${epoch} begins`)
      await Promise.resolve()
      log.push(`${epoch} ends`)
    })
    clock.advance(60_000)
    await clock.during(Promise.resolve())
    expect(log).toEqual(["0 begins", "0 ends", "1 begins", "1 ends", "2 begins", "2 ends"])
  })

  it("are left alone behind one with which the connection broke", async () => {
    const asked: bigint[] = []
    const broken = new RangeError("broken")
    const { clock, troubles } = await threeWait(async (epoch) => {
      asked.push(epoch)
      if (epoch === 1n) throw broken
    })
    clock.advance(60_000)
    await clock.during(Promise.resolve())
    expect([asked, troubles]).toEqual([[0n, 1n], [broken]])
  })
})
