import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { AnswerWatch } from "./answer-watch.ts"

function watched(patienceMs: number) {
  const happened: string[] = []
  const actions = { ask: () => void happened.push("ask"), gone: () => void happened.push("gone") }
  return { watch: new AnswerWatch(patienceMs, actions), happened }
}

describe("watching for answers", () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it("asks a peer that stays silent, and gives it up when it does not answer that either", () => {
    const { watch, happened } = watched(1000)
    watch.wrote(10)
    vi.advanceTimersByTime(999)
    expect(happened).toEqual([])
    vi.advanceTimersByTime(11)
    expect(happened).toEqual(["ask"])
    vi.advanceTimersByTime(1010)
    expect(happened).toEqual(["ask", "gone"])
  })

  it("keeps a peer that answers the question, and asks no more until something is written", () => {
    const { watch, happened } = watched(1000)
    watch.wrote(10)
    vi.advanceTimersByTime(1010)
    watch.heard()
    vi.advanceTimersByTime(60_000)
    expect(happened).toEqual(["ask"])
    watch.wrote(10)
    vi.advanceTimersByTime(1010)
    expect(happened).toEqual(["ask", "ask"])
  })

  it("asks even after bytes that may have been on their way before the write", () => {
    const { watch, happened } = watched(1000)
    watch.wrote(10)
    vi.advanceTimersByTime(10)
    watch.heard()
    vi.advanceTimersByTime(5000)
    expect(happened).toEqual(["ask", "gone"])
  })

  it("asks a busy peer once in two windows at most", () => {
    const { watch, happened } = watched(1000)
    for (let round = 0; round < 100; round++) {
      watch.wrote(10)
      vi.advanceTimersByTime(100)
      watch.heard()
    }
    expect(happened.length).toBeLessThanOrEqual(10)
    expect(happened).not.toContain("gone")
  })

  it("waits longer for an answer behind a large upload", () => {
    const { watch, happened } = watched(1000)
    watch.wrote(1_600_000)
    vi.advanceTimersByTime(100_000)
    expect(happened).toEqual([])
  })

  it("asks nobody when told never to, or after it was stopped", () => {
    const never = watched(0)
    never.watch.wrote(10)
    const stopped = watched(1000)
    stopped.watch.wrote(10)
    stopped.watch.stop()
    vi.advanceTimersByTime(1_000_000)
    expect([...never.happened, ...stopped.happened]).toEqual([])
  })
})
