import { describe, expect, it } from "vitest"
import { Pulse } from "./pulse.ts"
import { TestClock } from "./testing/test-clock.ts"

const broken = (): boolean => {
  throw new RangeError("broken")
}

describe("pulse", () => {
  it("ends a wait when a beat finds the fact true, and at once if it was", async () => {
    const pulse = new Pulse(new TestClock())
    let count = 0
    const waiting = pulse.until(() => count === 2, { timeoutMs: 1000 })
    for (count = 1; count < 3; count++) pulse.beat()
    expect(await waiting).toBe(true)
    expect(await pulse.until(() => true, { timeoutMs: 1000 })).toBe(true)
  })

  it("says false when the time is over", async () => {
    const clock = new TestClock()
    const pulse = new Pulse(clock)
    const waiting = pulse.until(() => false, { timeoutMs: 1000 })
    clock.advance(1000)
    expect(await waiting).toBe(false)
  })

  it("throws what the fact throws, and aborts with the signal", async () => {
    const pulse = new Pulse(new TestClock())
    await expect(pulse.until(broken, { timeoutMs: 1000 })).rejects.toThrow(RangeError)
    const signal = AbortSignal.abort()
    await expect(pulse.until(() => false, { timeoutMs: 1000, signal })).rejects.toMatchObject({ code: "aborted" })
  })
})
