import { describe, expect, it } from "vitest"
import { FRAME_MS, FRAME_SAMPLES, Playout } from "./playout.ts"
import type { PlayoutLimits, TimedFrame, Turn } from "./playout.ts"

/** Frame `count` of a source that speaks without pause. */
const spoken = (count: number): TimedFrame => ({ sequence: count % 0x1_0000, timestamp: BigInt(count * FRAME_SAMPLES) })
/** What a turn was, in one word. */
const word = (turn: Turn<TimedFrame>): string => (turn.kind === "frame" ? `${turn.frame.sequence}` : turn.kind)
const turns = (playout: Playout<TimedFrame>, count: number): string[] =>
  Array.from({ length: count }, () => word(playout.turn()))
/** A playout that has these frames, each of which arrived in time. */
function heard(counts: readonly number[], limits: Partial<PlayoutLimits> = {}): Playout<TimedFrame> {
  const playout = new Playout<TimedFrame>(limits)
  for (const count of counts) playout.push(spoken(count), count * FRAME_MS)
  return playout
}

describe("a playout", () => {
  it("plays a frame each turn", () => {
    expect(turns(heard([0, 1, 2]), 3)).toEqual(["0", "1", "2"])
  })

  it("collects for as long as it was told to at least", () => {
    const playout = heard([0, 1], { minDelayMs: 60 })
    expect(turns(playout, 2)).toEqual(["silence", "silence"])
    playout.push(spoken(2), 40)
    expect(turns(playout, 3)).toEqual(["0", "1", "2"])
  })

  it("conceals what is lost, and shows the frame that may carry it", () => {
    const playout = heard([0, 1, 3])
    turns(playout, 2)
    expect(playout.turn()).toEqual({ kind: "conceal", next: spoken(3) })
    expect(turns(playout, 1)).toEqual(["3"])
  })

  it("shows the next frame only where it follows the lost one directly", () => {
    const playout = heard([0, 3])
    turns(playout, 1)
    expect(playout.turn()).toEqual({ kind: "conceal", next: undefined })
    expect(playout.turn()).toEqual({ kind: "conceal", next: spoken(3) })
  })

  it("plays a frame that comes while it is concealed no more", () => {
    const playout = heard([0, 1, 3])
    turns(playout, 4)
    expect(playout.push(spoken(2), 100)).toEqual({ kind: "late" })
    expect(playout.figures).toEqual({ played: 3, concealed: 1, late: 1, evicted: 0, duplicates: 0, skipped: 0 })
  })

  it("is silent through a pause that its sender did not send", () => {
    const playout = heard([0])
    playout.push({ sequence: 1, timestamp: BigInt(3 * FRAME_SAMPLES) }, 60)
    // Two frames wait where one is wanted, so the pause is what is left out.
    expect(turns(playout, 2)).toEqual(["0", "silence"])
    expect(turns(playout, 2)).toEqual(["silence", "1"])
  })

  it("conceals for a while when nothing comes, then collects anew", () => {
    const playout = heard([0], { concealedTurns: 2 })
    expect(turns(playout, 4)).toEqual(["0", "conceal", "conceal", "silence"])
    playout.push(spoken(40), 800)
    expect(turns(playout, 1)).toEqual(["40"])
  })

  it("begins anew with a source whose time jumps", () => {
    const playout = heard([0])
    turns(playout, 1)
    playout.push({ sequence: 1, timestamp: 2n ** 63n }, 20)
    expect(turns(playout, 1)).toEqual(["1"])
    playout.push({ sequence: 2, timestamp: 5n }, 40)
    expect(turns(playout, 1)).toEqual(["2"])
  })

  it("collects longer where frames arrive unevenly, within its bounds", () => {
    const playout = new Playout<TimedFrame>()
    for (let count = 0; count < 100; count++) playout.push(spoken(count), count * FRAME_MS + (count % 2) * 90)
    expect(playout.delayMs).toBe(90)
    for (let count = 100; count < 200; count++) playout.push(spoken(count), count * FRAME_MS + (count % 2) * 5000)
    expect(playout.delayMs).toBe(400)
  })

  it("catches up when the network held back many frames at once", () => {
    const playout = heard(Array.from({ length: 40 }, (_, count) => count))
    const played = turns(playout, 35).filter((one) => one !== "silence")
    expect(playout.figures.skipped).toBe(3)
    expect(played).toHaveLength(35)
    expect(played).not.toContain("9")
  })

  it("never plays a frame twice or backwards under loss, doubling and reordering", () => {
    const playout = new Playout<TimedFrame>()
    const arrivals = Array.from({ length: 600 }, (_, count) => ({
      count,
      atMs: count * FRAME_MS + ((count * 7919) % 97),
    }))
      .filter(({ count }) => count % 5 !== 3)
      .flatMap((one) => (one.count % 7 === 0 ? [one, { ...one, atMs: one.atMs + 11 }] : [one]))
      .toSorted((a, b) => a.atMs - b.atMs)
    const played: number[] = []
    let next = 0
    for (let nowMs = 0; nowMs < 600 * FRAME_MS; nowMs += FRAME_MS) {
      for (; next < arrivals.length && arrivals[next]!.atMs <= nowMs; next++) {
        playout.push(spoken(arrivals[next]!.count), arrivals[next]!.atMs)
      }
      const turn = playout.turn()
      if (turn.kind === "frame") played.push(Number(turn.frame.timestamp) / FRAME_SAMPLES)
    }
    expect(played).toEqual([...new Set(played)].toSorted((a, b) => a - b))
    // A fifth is lost; of the others nearly all are heard.
    expect(played.length).toBeGreaterThan(600 * 0.8 * 0.95)
  })
})
