import { describe, expect, it } from "vitest"
import { Said } from "./said.ts"

const frame = { senderId: 2, epoch: 5n, sequence: 7, opus: Uint8Array.of(1, 2) }

describe("what was said", () => {
  it("is held against what is played", () => {
    const said = new Said()
    said.note(frame)
    said.check(frame)
    expect(said.untrue).toEqual([])
    said.check({ ...frame, sequence: 8 })
    said.check({ ...frame, epoch: 6n })
    said.check({ ...frame, opus: Uint8Array.of(1, 3) })
    expect(said.untrue).toEqual([
      "frame 8 of member 2 was never said",
      "frame 7 of member 2 is of epoch 5, and was played as of 6",
      "frame 7 of member 2 was not said like this",
    ])
  })
})
