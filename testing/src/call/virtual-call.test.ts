import { SEAL_AFTER_MS } from "@qpc/gap"
import { describe, expect, it } from "vitest"
import { virtualCall } from "./virtual-call.ts"

const four = {
  people: 4,
  seconds: 30,
  lossPercent: 20,
  mischiefPercent: 2,
  rekeyMs: 1000,
  sealAfterMs: SEAL_AFTER_MS,
  seed: 1n,
}

const good = { ...four, seconds: 5, lossPercent: 0, mischiefPercent: 0 }

describe("a call of four with a fifth of all packets lost and new keys each second", () => {
  const report = virtualCall(four)

  it("goes through all changes of keys together", () => {
    expect(report.rekeys + report.postponed).toBe(29)
    expect(report.rekeys).toBeGreaterThanOrEqual(28)
    expect(new Set(report.epochs)).toEqual(new Set([String(1 + report.rekeys)]))
  })

  it("is silent for at most 200 ms at each of them", () => {
    expect(report.longestGapAtRekeyMs).toBeLessThanOrEqual(200)
    expect(report.played).toBeGreaterThan(0.75 * report.turns)
  })

  it("plays nothing but what its speaker said under the epoch it says, whatever the relay writes on it or sends again", () => {
    expect(report.playedUntrue).toEqual([])
    expect(report.relabelled).toBeGreaterThan(100)
    expect(report.replayed).toBeGreaterThan(100)
    const { auth_failed: changed = 0, epoch_in_future: ahead = 0 } = report.dropped
    expect(changed + ahead).toBeGreaterThan(100)
    expect(report.dropped.replay_detected).toBeGreaterThan(50)
  })
})

describe("a virtual call", () => {
  it("is the same again with the same seed", () => {
    const short = { ...four, seconds: 3 }
    expect(virtualCall(short)).toEqual(virtualCall(short))
    expect(virtualCall({ ...short, seed: 2n })).not.toEqual(virtualCall(short))
  })

  it("has gaps at its very beginning only over a good line", () => {
    const { dropped, longestGapMs } = virtualCall({ ...good, rekeyMs: 0 })
    expect([dropped, longestGapMs]).toEqual([{}, 40])
  })

  it("loses nothing at a change of keys where people go on under the old ones for a while", () => {
    const { rekeys, dropped, longestGapMs } = virtualCall(good)
    expect([rekeys, dropped, longestGapMs]).toEqual([4, {}, 40])
  })

  it("loses what overtakes the commit where they do not", () => {
    const { dropped, longestGapMs, playedUntrue } = virtualCall({ ...good, sealAfterMs: 0 })
    expect(Object.keys(dropped)).toEqual(["epoch_in_future"])
    expect(longestGapMs).toBeLessThanOrEqual(60)
    expect(playedUntrue).toEqual([])
  })
})
