import { resetNonceMonitor } from "@qpc/crypto/conformance"
import { describe, expect, it } from "vitest"
import { drawLivePlan } from "./live-plan.ts"
import type { Kill, LivePlan } from "./live-plan.ts"
import { NAMED_LIVE_SEEDS } from "./named-seeds.ts"
import { simulateLive } from "./simulate-live.ts"
import type { LiveReport } from "./simulate-live.ts"

/** A replay uses every key and nonce again: each run is watched by itself. */
function run(seed: bigint, changes: Partial<LivePlan> = {}): LiveReport {
  resetNonceMonitor()
  return simulateLive(seed, changes)
}

/** Four members whose network works, of whom the coordinator asks somebody in and removes somebody, and is stopped meanwhile. */
const CALM: Partial<LivePlan> = {
  memberCount: 4,
  loss: 0,
  duplicates: 0,
  delayMs: 20,
  partitions: [],
  troubleMs: 10_000,
  peaceMs: 70_000,
  wishEveryMs: 2_000,
}

/** Frames and messages of the first transitions of such a coordinator. */
const STEPS = 20

describe("a live history", () => {
  it("replays to the byte", () => {
    const [first, second, other] = [run(3n), run(3n), run(4n)]
    expect(second.lines).toEqual(first.lines)
    expect(second.frames).toEqual(first.frames)
    expect(other.hash).not.toBe(first.hash)
  })

  it.each(NAMED_LIVE_SEEDS)("passes seed $seed, which found: $found", ({ seed }) => {
    expect(run(seed).violations).toEqual([])
  })

  it.each(["in", "out"] as const)(
    "ends in one epoch wherever the coordinator stops for good, counting what goes %s",
    (at) => {
      for (let count = 0; count < STEPS; count++) {
        const kill: Kill = { armedMs: 10, isCoordinator: true, at, count, backAfterMs: undefined }
        const { violations, members } = run(5n, { ...CALM, kills: [kill] })
        expect(violations, `after ${count}`).toEqual([])
        expect(members).toBeGreaterThan(0)
      }
    },
  )

  it.each(["in", "out"] as const)(
    "ends in one epoch wherever the coordinator stops for a while, counting what goes %s",
    (at) => {
      for (let count = 0; count < STEPS; count++) {
        const kill: Kill = { armedMs: 10, isCoordinator: true, at, count, backAfterMs: 25_000 }
        expect(run(5n, { ...CALM, kills: [kill] }).violations, `after ${count}`).toEqual([])
      }
    },
  )
})

describe("a live plan", () => {
  const plans = Array.from({ length: 200 }, (_, seed) => drawLivePlan(BigInt(seed)))
  const TROUBLES: readonly [string, (plan: LivePlan) => boolean][] = [
    ["loss", ({ loss }) => loss > 0],
    ["frames that come twice", ({ duplicates }) => duplicates > 0],
    ["partitions", ({ partitions }) => partitions.length > 0],
    ["members that stop", ({ kills }) => kills.length > 0],
    ["coordinators that stop before a message in", ({ kills }) => kills.some(({ at }) => at === "in")],
    ["members that want new keys", ({ renewEveryMs }) => renewEveryMs !== undefined],
    ["members that come back", ({ kills }) => kills.some(({ backAfterMs }) => backAfterMs !== undefined)],
  ]
  it.each(TROUBLES)("has %s in some seeds, and not in all", (_, has) => {
    const having = plans.filter(has).length
    expect(having).toBeGreaterThan(20)
    expect(having).toBeLessThan(195)
  })

  it("has two members in some seeds, and twenty in others", () => {
    const counts = plans.map(({ memberCount }) => memberCount)
    expect(Math.min(...counts)).toBe(2)
    expect(Math.max(...counts)).toBeGreaterThan(15)
  })
})
