import type { Member } from "@qpc/mls"
import { describe, expect, it } from "vitest"
import { capabilitiesExtension } from "../capabilities-extension.ts"
import { memberIdExtension } from "../member-id-extension.ts"
import { decodeLiveCommit, encodeLiveCommit, UPDATE_MAX_BYTES } from "./live-commit.ts"
import { leavesSayTheSame } from "./live-leaf.ts"
import { LiveParty } from "./testing/live-party.ts"

const ALL = [1, 2, 3, 4] as const
const DONE = { kind: "change_done", change: { kind: "update_keys" } }

const renew = (party: LiveParty, id: number) => party.take(id, party.at(id).updateKeys(party.nowMs))

describe("new keys of a member who is not coordinator", () => {
  it("are committed by the coordinator, and everybody goes on together", () => {
    const party = LiveParty.of("renewed", 4)
    const { epoch } = party.at(3)
    renew(party, 3)
    party.run(200)
    expect(party.told(3, "change_done")).toEqual([DONE])
    expect(party.at(3).epoch).toBe(epoch + 1n)
    expect(party.epochs(...ALL)).toBe(1)
  })

  it("are the ones that others encrypt to from then on", () => {
    const party = LiveParty.of("used", 4)
    for (const id of [3, 2]) {
      renew(party, id)
      party.run(200)
    }
    party.add(1, 5)
    renew(party, 1)
    party.run(200)
    expect(party.epochs(...ALL, 5)).toBe(1)
    party.say(5, "hello")
    party.run(50)
    expect(party.texts(3)).toEqual(["5: hello"])
  })

  it("do not keep it from speaking while they are on their way", () => {
    const party = LiveParty.of("speaking", 4)
    party.passes = (to, _, from) => to !== 1 || from !== 3
    renew(party, 3)
    party.say(3, "meanwhile")
    party.run(100)
    expect(party.texts(2)).toEqual(["3: meanwhile"])
  })

  it("are asked for again, where nobody heard it", () => {
    const party = LiveParty.of("again", 4)
    party.passes = (to, _, from) => to !== 1 || from !== 3
    renew(party, 3)
    party.run(3_000)
    party.passes = () => true
    party.run(3_000)
    expect(party.told(3, "change_done")).toEqual([DONE])
  })

  it("are asked for anew in the next epoch, if another change came first", () => {
    const party = LiveParty.of("between", 4)
    party.passes = (to, _, from) => to !== 1 || from !== 3
    renew(party, 3)
    party.run(100)
    party.passes = () => true
    party.add(1, 5)
    party.run(3_000)
    expect(party.told(3, "change_done")).toEqual([DONE])
    expect(party.epochs(...ALL, 5)).toBe(1)
  })

  it("do not keep in its place, asked for by somebody who was removed, a coordinator that no member hears", () => {
    const party = LiveParty.of("removed", 4)
    party.passes = (to) => to !== 4
    party.take(1, party.at(1).remove([4], party.nowMs))
    party.run(500)
    expect(party.epochs(1, 2, 3)).toBe(1)
    party.passes = (to, _, from) => (to === 1 ? from === 4 : from !== 1 && to !== 4)
    renew(party, 4)
    party.run(28_000)
    party.passes = (to, _, from) => to !== 4 && from !== 4
    party.run(2_000)
    expect(party.at(1).coordinatorId).toBe(2)
  })

  it("are tried again with the same Update, if somebody was not ready in time", () => {
    const party = LiveParty.of("late", 4)
    party.off.add(4)
    renew(party, 3)
    party.run(8_000)
    party.off.delete(4)
    party.run(8_000)
    expect(party.told(1, "transition_aborted")).toHaveLength(1)
    expect(party.told(3, "change_done")).toEqual([DONE])
    expect(party.epochs(...ALL)).toBe(1)
  })

  it("have failed after half a minute in which nobody committed them", () => {
    const party = LiveParty.of("failed", 4)
    party.passes = (to, _, from) => to !== 1 || from !== 3
    renew(party, 3)
    party.run(29_000)
    expect(party.told(3, "change_failed")).toEqual([])
    party.run(3_000)
    expect(party.told(3, "change_failed")).toMatchObject([{ change: { kind: "update_keys" }, silent: [1] }])
  })

  it("come with its own commit, if it is coordinator before", () => {
    const party = LiveParty.of("follows", 3)
    party.passes = (to) => to !== 1
    renew(party, 2)
    party.run(100)
    party.take(1, party.at(1).leave(party.nowMs))
    party.run(5_000)
    expect(party.told(2, "change_done").filter(({ change }) => change.kind === "update_keys")).toHaveLength(1)
    expect(party.epochs(2, 3)).toBe(1)
  })

  it("are not committed without end for one who asks without end", () => {
    const party = LiveParty.of("often", 4)
    const { epoch } = party.at(3)
    for (let at = 0; at < 5; at++) {
      renew(party, 3)
      party.run(2_000)
    }
    expect(party.at(3).epoch).toBe(epoch + 1n)
    party.run(25_000)
    expect(party.at(3).epoch).toBe(epoch + 2n)
  })

  it("are for members only", () => {
    const party = LiveParty.of("out", 3)
    party.take(3, party.at(3).leave(party.nowMs))
    expect(() => party.at(3).updateKeys(party.nowMs)).toThrow(TypeError)
  })
})

/** What a leaf says of its member. */
const says = (memberId: number, features: readonly string[]): Member["extensions"] => {
  return [memberIdExtension(memberId), capabilitiesExtension({ versions: [2, 2], features })]
}
const leaf = (leafIndex: number, extensions: Member["extensions"]): Member => {
  return {
    leafIndex,
    extensions,
    credential: { kind: "basic", identity: new Uint8Array(0) },
    signatureKey: new Uint8Array(0),
  }
}

describe("a leaf with new keys", () => {
  const members = [leaf(0, says(1, ["video"])), leaf(1, says(2, []))]

  it.each([
    ["the same", leaf(0, says(1, ["video"])), true],
    ["another member id", leaf(0, says(3, ["video"])), false],
    ["to know less", leaf(0, says(1, [])), false],
    ["to know more", leaf(1, says(2, ["video"])), false],
    ["nothing", leaf(0, []), false],
    ["something of nobody", leaf(7, says(7, [])), false],
  ])("may say %s: %#", (_, updated, may) => {
    expect(leavesSayTheSame(members, { updated: [updated] })).toBe(may)
  })
})

describe("a commit with the Update that it refers to", () => {
  const [commit, update] = [Uint8Array.of(0, 1, 7, 7), Uint8Array.of(0, 1, 9)]

  it("is one encoding of both, and alone the commit itself", () => {
    expect(decodeLiveCommit(encodeLiveCommit({ commit, update }))).toEqual({ commit, update })
    expect(encodeLiveCommit({ commit, update: undefined })).toEqual(commit)
    expect(decodeLiveCommit(commit)).toEqual({ commit, update: undefined })
  })

  it("is refused where it is cut off, or its Update too long", () => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(0, 0, 5, 1)]) {
      expect(decodeLiveCommit(bytes)).toBeUndefined()
    }
    const long = encodeLiveCommit({ commit, update: new Uint8Array(UPDATE_MAX_BYTES + 1) })
    expect(decodeLiveCommit(long)).toBeUndefined()
  })
})
