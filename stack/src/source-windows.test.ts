import { describe, expect, it } from "vitest"
import { SourceWindows } from "./source-windows.ts"
import type { SourceFrame } from "./source-windows.ts"

const FIRST: SourceFrame = { epoch: 1n, senderId: 0, run: 0n, frameNumber: 1, source: 7, sequence: 1 }
const streamsOf = (...changes: readonly Partial<SourceFrame>[]): (number | undefined)[] => {
  const windows = new SourceWindows()
  return changes.map((change) => windows.accept({ ...FIRST, ...change }))
}

describe("the windows of audio sources", () => {
  it("take frames that are newer than all before, each once", () => {
    const [second, third] = [
      { frameNumber: 2, sequence: 2 },
      { frameNumber: 3, sequence: 3 },
    ]
    expect(streamsOf({}, third, second, third)).toEqual([0, 0, undefined, undefined])
  })

  it("have a stream for each source of each sender", () => {
    expect(streamsOf({}, { source: 8 }, { senderId: 1 }, { frameNumber: 2, sequence: 2 })).toEqual([0, 1, 2, 0])
  })

  it("go on with a source whose numbers begin at 0 again, and into the next epoch", () => {
    const full = { sequence: 0xffff }
    expect(streamsOf(full, { frameNumber: 2, sequence: 0 }, { epoch: 2n, sequence: 1 })).toEqual([0, 0, 0])
  })

  it("begin another stream where a source counts anew in a later frame: its sender was restarted", () => {
    const before = { frameNumber: 90, sequence: 90 }
    const [after, next] = [
      { frameNumber: 91, sequence: 1 },
      { frameNumber: 92, sequence: 2 },
    ]
    expect(streamsOf(before, after, next, { frameNumber: 89, sequence: 89 })).toEqual([0, 1, 1, undefined])
    expect(streamsOf(before, { epoch: 2n })).toEqual([0, 1])
  })

  it("begin another stream with another run of the sender, after which the one before is late", () => {
    const before = { frameNumber: 40_000, sequence: 40_000 }
    const late = { frameNumber: 40_001, sequence: 40_001 }
    expect(streamsOf(before, { run: 5n }, late, { run: 5n, frameNumber: 2, sequence: 2 })).toEqual([0, 1, undefined, 1])
  })

  it("do not let a frame of an earlier run, the first that comes of it, silence the present one", () => {
    const next = { run: 5n, frameNumber: 2, sequence: 2 }
    expect(streamsOf({ run: 5n }, { frameNumber: 40, sequence: 40 }, next)).toEqual([0, undefined, 0])
  })

  it("leave the frames of an epoch before in their stream", () => {
    const now = { epoch: 2n, sequence: 3 }
    expect(streamsOf({}, now, { frameNumber: 2, sequence: 2 }, { ...now, frameNumber: 2, sequence: 4 })).toEqual([
      0, 0, 0, 0,
    ])
  })

  it("forget the source that was heard least recently, beyond 4096", () => {
    const others = Array.from({ length: 4096 }, (_, source) => ({ source: 100 + source }))
    expect(streamsOf({}, ...others, {}).at(-1)).toBe(4097)
    expect(streamsOf({}, ...others.slice(1), {}).at(-1)).toBeUndefined()
  })
})
