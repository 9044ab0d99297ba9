import { concatBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { splitMlsMessages } from "./mls-message.ts"
import { Party } from "./testing/party.ts"

const party = Party.of("split", ["alice", "bob"])
const [one, other] = [party.say("alice", "one"), party.say("alice", "other")]

describe("MLSMessages behind each other", () => {
  it("are cut where each ends, without a copy", () => {
    const both = concatBytes(one, other)
    const [first, second, ...more] = splitMlsMessages(both)
    expect(first).toEqual(one)
    expect(second).toEqual(other)
    expect(more).toEqual([])
    expect(first?.buffer).toBe(both.buffer)
    expect(splitMlsMessages(one)).toEqual([one])
  })

  it.each([
    ["nothing", new Uint8Array(0)],
    ["one that is cut off", concatBytes(one, other.subarray(0, -1))],
    ["a byte behind them", concatBytes(one, Uint8Array.of(0))],
  ])("are refused as a whole: %s", (_what, bytes) => {
    expect(() => splitMlsMessages(bytes)).toThrow("truncated")
  })
})
