import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { JitterBuffer } from "./jitter-buffer.ts"

const frame = (sequence: number) => ({ sequence })
function filled(...sequences: readonly number[]): JitterBuffer<{ sequence: number }> {
  const buffer = new JitterBuffer<{ sequence: number }>(8)
  for (const sequence of sequences) buffer.push(frame(sequence))
  return buffer
}
function popAll(buffer: JitterBuffer<{ sequence: number }>): number[] {
  const popped: number[] = []
  for (let next = buffer.popForce(); next !== undefined; next = buffer.popForce()) popped.push(next.sequence)
  return popped
}

describe("a jitter buffer", () => {
  it("gives out frames in the order of their numbers", () => {
    expect(popAll(filled(3, 1, 2))).toEqual([1, 2, 3])
  })

  it("goes on over the end of 16 bits", () => {
    expect(popAll(filled(65_535, 1, 0, 65_534))).toEqual([65_534, 65_535, 0, 1])
  })

  it("waits for what is missing, unless it is forced", () => {
    const buffer = filled(1, 3)
    expect(buffer.popInOrder()).toEqual(frame(1))
    expect(buffer.popInOrder()).toBeUndefined()
    expect(buffer.peek()).toEqual({ frame: frame(3), isNext: false })
    expect(buffer.popForce()).toEqual(frame(3))
    expect(buffer.popInOrder()).toBeUndefined()
  })

  it("takes no frame whose turn is over", () => {
    const buffer = filled(5, 7)
    buffer.popForce()
    buffer.popForce()
    expect(buffer.push(frame(6))).toEqual({ kind: "late" })
    expect(buffer.push(frame(8))).toEqual({ kind: "accepted" })
  })

  it("takes a frame once", () => {
    expect(filled(5, 7).push(frame(7))).toEqual({ kind: "duplicate" })
  })

  it("gives up its oldest frame when there is no room, and with it the turns up to it", () => {
    const buffer = new JitterBuffer<{ sequence: number }>(2)
    buffer.push(frame(10))
    buffer.push(frame(11))
    expect(buffer.push(frame(12))).toEqual({ kind: "evicted", evicted: frame(10) })
    expect(buffer.push(frame(9))).toEqual({ kind: "late" })
    expect(buffer.popInOrder()).toEqual(frame(11))
  })

  it("takes an earlier frame as long as none was popped", () => {
    const buffer = filled(5)
    expect(buffer.push(frame(4))).toEqual({ kind: "accepted" })
    expect(buffer.depth).toBe(2)
  })

  it("counts the turns up to its newest frame", () => {
    const buffer = filled(10, 14)
    expect(buffer.depth).toBe(5)
    buffer.popForce()
    expect(buffer.depth).toBe(4)
    buffer.popForce()
    expect(buffer.depth).toBe(0)
  })

  it("has to have room for a frame", () => {
    expect(() => new JitterBuffer(0)).toThrow(RangeError)
  })

  it("agrees with a list that is sorted anew each time", () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: -4, max: 6 }), fc.constant("pop" as const)), { maxLength: 120 })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), steps, (first, actions) => {
        const buffer = new JitterBuffer<{ sequence: number }>(16)
        let model: number[] = []
        let next: number | undefined
        let at = first + 0x1_0000
        for (const action of actions) {
          if (action === "pop") {
            const popped = buffer.popForce()
            const oldest = model.shift()
            expect(popped?.sequence).toBe(oldest === undefined ? undefined : oldest % 0x1_0000)
            if (oldest !== undefined) next = oldest + 1
            continue
          }
          at += action
          const { kind } = buffer.push(frame(at % 0x1_0000))
          if (next !== undefined && at < next) expect(kind).toBe("late")
          else if (model.includes(at)) expect(kind).toBe("duplicate")
          else {
            model = [...model, at].toSorted((a, b) => a - b)
            expect(kind).toBe(model.length > 16 ? "evicted" : "accepted")
            if (model.length > 16) next = model.shift()! + 1
          }
          expect(buffer.size).toBe(model.length)
        }
      }),
      { numRuns: 500 },
    )
  })
})
