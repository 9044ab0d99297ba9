import { allowKeyReuse, resetNonceMonitor } from "@qpc/crypto/conformance"
import { describe, expect, it } from "vitest"
import { NAMED_SEEDS } from "./named-seeds.ts"
import { NODE_SUITES } from "./node-suites.ts"
import { drawPlan, FAULTS } from "./plan.ts"
import type { Restrictions } from "./plan.ts"
import { runSeeds } from "./seed-pool.ts"
import { simulate } from "./simulate.ts"
import type { SimulationReport } from "./simulate.ts"
import { shrink } from "./shrink.ts"

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const LOST = "a client whose disk failed or who crashed seals anew, under the same key, what never left it"

/** A replay uses every key and nonce again: each run is watched by itself. */
function run(seed: bigint, restrictions: Restrictions = {}): Promise<SimulationReport> {
  resetNonceMonitor()
  return allowKeyReuse(LOST, () => simulate({ seed, ...NODE_SUITES, drain, restrictions }))
}

describe("simulation", () => {
  it("replays a seed to the byte", async () => {
    const [first, second, other] = [await run(12n), await run(12n), await run(14n)]
    expect(second.lines).toEqual(first.lines)
    expect(second.hash).toBe(first.hash)
    expect(other.hash).not.toBe(first.hash)
  })

  it("gives the same on several threads, in the order of the seeds, and goes on where one takes longer", async () => {
    const reports = []
    for await (const report of runSeeds({ start: 13n, end: 19n, jobs: 2 })) reports.push(report)
    expect(reports.map(({ seed }) => seed)).toEqual([13n, 14n, 15n, 16n, 17n, 18n])
    const { hash, lines } = await run(14n)
    expect(reports[1]).toMatchObject({ hash, lines })
  })

  it.each(NAMED_SEEDS)("passes seed $seed, which found: $found", async ({ seed, without }) => {
    const { violations } = await run(seed, { without: new Set(without) })
    expect(violations).toEqual([])
  })
})

describe("plan", () => {
  it("has every kind of trouble in some seeds and none in all", () => {
    const plans = Array.from({ length: 60 }, (_, seed) => drawPlan(BigInt(seed)))
    for (const name of FAULTS) {
      const having = plans.filter(({ faults }) => faults.has(name)).length
      expect(having, name).toBeGreaterThan(5)
      expect(having, name).toBeLessThan(55)
    }
  })

  it("leaves the rest alone when one kind of trouble is taken out", () => {
    const whole = drawPlan(5n)
    const [name] = whole.faults
    const { faults, ...rest } = drawPlan(5n, { without: new Set([name!]) })
    expect(new Set([...faults, name])).toEqual(whole.faults)
    expect(rest.durationMs).toBe(whole.durationMs)
    expect(rest.actionEveryMs).toBe(whole.actionEveryMs)
  })
})

describe("shrinking", () => {
  it("keeps what the failure needs and drops the rest", async () => {
    const seed = 7n
    const needed = [...drawPlan(seed).faults][1]!
    const found = await shrink(seed, async ({ without, deviceCount = 20 }) => {
      return new Set(without?.has(needed) !== true && deviceCount >= 3 ? ["fork"] : [])
    })
    expect(found.without?.has(needed)).toBe(false)
    expect(found.without?.size).toBe(drawPlan(seed).faults.size - 1)
    expect(found.deviceCount).toBe(3)
  })
})
