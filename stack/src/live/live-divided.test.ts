import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { LiveParty } from "./testing/live-party.ts"

/** The first of four executes alone that the fourth is removed; the second takes its place, and removes it. */
function divided(): LiveParty {
  const party = LiveParty.of("divided", 4)
  party.take(1, party.at(1).remove(4, party.nowMs))
  party.passes = (_, __, from) => from !== 1
  party.run(100)
  party.off.add(1)
  party.run(14_000)
  party.take(2, party.at(2).remove(1, party.nowMs))
  party.run(100)
  return party
}

describe("members in two epochs under one number", () => {
  it("do not read each other", () => {
    const party = divided()
    expect([1, 2, 3].map((id) => [party.at(id).epoch, party.at(id).memberIds])).toEqual([
      [4n, [1, 2, 3]],
      [4n, [2, 3, 4]],
      [4n, [2, 3, 4]],
    ])
    expect(party.epochs(1, 2)).toBe(2)
  })

  it("tell how they left the epoch before when a frame does not open", () => {
    const party = divided()
    const [frame] = party.at(1).send({ streamType: "text", payload: toUtf8("?") }, party.nowMs).frames
    const { events, frames } = party.at(3).receive(frame!.bytes, party.nowMs)
    expect(events).toContainEqual({ kind: "dropped", reason: "decrypt_failed" })
    party.off.delete(1)
    for (const { bytes } of frames) party.deliver(1, bytes)
    expect(party.told(1, "divided").map(({ memberId }) => memberId)).toEqual([3])
  })

  it("and whoever is alone learns that it needs an invitation", () => {
    const party = divided()
    party.off.delete(1)
    party.passes = () => true
    party.run(40_000)
    expect(party.told(1, "must_rejoin")).toHaveLength(1)
    expect([2, 3, 4].flatMap((id) => party.told(id, "divided"))).toEqual([])
  })
})
