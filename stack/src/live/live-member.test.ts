import { encodeControl, OPCODES } from "@qpc/gbp"
import { fromHex, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { LiveInvitee } from "./live-invitee.ts"
import { LiveMember } from "./live-member.ts"
import { LiveParty } from "./testing/live-party.ts"

describe("a live group over MLS", () => {
  it("takes in newcomers together, under ids that its members hand out", () => {
    const party = LiveParty.of("in", 4)
    expect(party.epochs(1, 2, 3, 4)).toBe(1)
    expect(party.at(4).memberIds).toEqual([1, 2, 3, 4])
    expect([party.at(3).epoch, party.at(3).lastTransitionId, party.at(3).nextMemberId]).toEqual([3n, 3, 5])
  })

  it("carries text and signals between all of them, padded", () => {
    const party = LiveParty.of("talk", 3)
    const sizes = new Set<number>()
    party.passes = (_, bytes) => sizes.add(bytes.length).size > 0
    party.say(2, "hello")
    party.say(3, "a somewhat longer text than that")
    party.run(50)
    expect(party.texts(1)).toEqual(["2: hello", "3: a somewhat longer text than that"])
    expect(sizes.size).toBe(1)
    party.take(1, party.at(1).send({ streamType: "signal", payload: Uint8Array.of(1) }, party.nowMs))
    party.run(50)
    const streams = party.told(2, "payload").map(({ received }) => received.content.streamType)
    expect(streams).toEqual(["text", "signal"])
    const audio = { streamType: "audio", payload: Uint8Array.of(1) } as const
    expect(() => party.at(1).send(audio, party.nowMs)).toThrow("LiveAudio")
  })

  it("gives everybody new secrets where the coordinator asks for it", () => {
    const party = LiveParty.of("keys", 3)
    party.take(1, party.at(1).updateKeys(party.nowMs))
    party.run(100)
    expect([party.at(3).epoch, party.epochs(1, 2, 3), party.at(3).memberIds]).toEqual([3n, 1, [1, 2, 3]])
  })

  it("listens no longer to somebody who was removed, in no epoch", () => {
    const party = LiveParty.of("deaf", 3)
    const { frames } = party.at(2).send({ streamType: "text", payload: toUtf8("late") }, party.nowMs)
    party.take(1, party.at(1).remove([2], party.nowMs))
    party.run(100)
    party.deliver(3, frames[0]!.bytes)
    expect(party.texts(3)).toEqual([])
    expect(party.told(3, "dropped").at(-1)?.reason).toBe("sender_mismatch")
  })

  it("tells whoever is removed, who reads nothing of what comes after", () => {
    const party = LiveParty.of("out", 3)
    party.take(1, party.at(1).remove([2], party.nowMs))
    party.run(100)
    expect(party.told(2, "removed")).toHaveLength(1)
    expect(party.epochs(1, 3)).toBe(1)
    party.say(1, "without them")
    party.run(50)
    expect([party.texts(2), party.texts(3)]).toEqual([[], ["1: without them"]])
    expect(() => party.at(2).send({ streamType: "text", payload: toUtf8("?") }, party.nowMs)).toThrow(TypeError)
  })

  it("gives the leaf of somebody who left to somebody else, under another id", () => {
    const party = LiveParty.of("leaf", 3)
    party.take(1, party.at(1).remove([2], party.nowMs))
    party.run(100)
    party.add(1, 4)
    expect(party.at(3).memberIds).toEqual([1, 3, 4])
    party.say(4, "new here")
    party.run(50)
    expect(party.texts(3)).toEqual(["4: new here"])
  })

  it("lets go who says so, and goes on when that was the coordinator", () => {
    const party = LiveParty.of("leave", 4)
    party.take(3, party.at(3).leave(party.nowMs))
    party.run(200)
    expect(party.at(2).memberIds).toEqual([1, 2, 4])
    party.take(1, party.at(1).leave(party.nowMs))
    party.run(5_000)
    expect(party.at(4).memberIds).toEqual([2, 4])
    expect([party.at(4).coordinatorId, party.epochs(2, 4)]).toEqual([2, 1])
    expect(party.at(1).endpoint).toBe("closed")
  })

  it("goes on without a coordinator that is gone", () => {
    const party = LiveParty.of("gone", 3)
    party.off.add(1)
    party.run(15_000)
    expect(party.at(3).coordinatorId).toBe(2)
    party.take(2, party.at(2).remove([1], party.nowMs))
    party.run(200)
    expect([party.at(3).memberIds, party.epochs(2, 3)]).toEqual([[2, 3], 1])
  })

  it("removes several who are gone at once, though none of them says anything", () => {
    const party = LiveParty.of("several", 4)
    for (const id of [2, 3]) party.off.add(id)
    party.take(1, party.at(1).remove([2, 3, 9], party.nowMs))
    party.run(100)
    expect([party.at(4).memberIds, party.epochs(1, 4)]).toEqual([[1, 4], 1])
  })

  it("hands whoever missed the execution what it needs, though MLS opens a frame once", () => {
    const party = LiveParty.of("missed", 3)
    let left = 1
    party.passes = (to, _, from) => !(to === 3 && from === 1 && left-- <= 0 && party.at(1).epoch === 3n)
    party.take(1, party.at(1).remove([2], party.nowMs))
    party.run(30)
    expect([party.at(1).epoch, party.at(3).epoch]).toEqual([3n, 2n])
    party.passes = () => true
    party.run(15_000)
    expect(party.epochs(1, 3)).toBe(1)
  })

  it("hears a newcomer who is let in at the second try, in an epoch that has the number of the first", () => {
    const party = LiveParty.of("second try", 3)
    using invitee = party.invitee(4)
    party.passes = (to, _, from) => to !== 1 || from !== 3
    party.take(1, party.at(1).invite(invitee.keyPackage, party.nowMs))
    for (let attempt = 1; attempt <= 2; attempt++) {
      const joined = invitee.join(party.told(1, "welcome").at(-1)!, party.nowMs)
      if (joined.kind === "rejected") throw new Error(joined.reason)
      party.enter(joined.member)
      party.run(attempt === 1 ? 7_100 : 100)
      party.passes = () => true
    }
    party.run(3_000)
    expect(party.told(1, "transition_aborted")).toHaveLength(1)
    expect(party.epochs(1, 2, 3, 4)).toBe(1)
  })

  it("does not show what somebody writes in an epoch that is not in effect yet, and does once it is", () => {
    const party = LiveParty.of("ahead", 3)
    const held: Uint8Array[] = []
    party.passes = (to, bytes, from) => to !== 3 || from !== 2 || held.push(bytes) === 0
    using invitee = party.invitee(4)
    party.take(1, party.at(1).invite(invitee.keyPackage, party.nowMs))
    const joined = invitee.join(party.told(1, "welcome").at(-1)!, party.nowMs)
    if (joined.kind === "rejected") throw new Error(joined.reason)
    party.enter(joined.member)
    party.run(100)
    party.passes = (to, _, from) => to !== 3 || from === 4
    party.say(4, "first words")
    party.run(50)
    expect([party.texts(1), party.texts(3)]).toEqual([["4: first words"], []])
    party.passes = () => true
    for (const bytes of held) party.deliver(3, bytes)
    expect(party.texts(3)).toEqual(["4: first words"])
  })
})

describe("member ids of a live group", () => {
  it.each([
    ["taken", 2],
    ["used once", 3],
    ["out of reach", 100_000],
  ])("that are %s are not let in", (_, memberId) => {
    const party = LiveParty.of("ids", 4)
    party.take(1, party.at(1).remove([3], party.nowMs))
    party.run(100)
    using invitee = party.invitee(memberId)
    party.take(1, party.at(1).invite(invitee.keyPackage, party.nowMs))
    expect(party.told(1, "change_failed")).toHaveLength(1)
    expect(party.at(1).pendingTransitionId).toBe(0)
  })

  it("are followed by nobody whose application does not accept the newcomer", () => {
    const party = LiveParty.of("accept", 1)
    using picky = LiveInvitee.create({ ...party.identity(2), memberId: 2, nowMs: party.nowMs, accepts: () => false })
    party.take(1, party.at(1).invite(picky.keyPackage, party.nowMs))
    const joined = picky.join(party.told(1, "welcome").at(-1)!, party.nowMs)
    if (joined.kind === "rejected") throw new Error(joined.reason)
    party.enter(joined.member)
    party.run(100)
    party.add(1, 3)
    expect(party.at(2).memberIds).toEqual([1, 2])
    expect(party.told(2, "refused").length).toBeGreaterThan(0)
    party.run(60_000)
    expect(party.told(1, "change_failed")).toHaveLength(1)
  })

  it("are no good beyond their range", () => {
    const party = new LiveParty("range")
    expect(() => party.invitee(1_000_000)).toThrow(RangeError)
    const about = { ...party.identity(9), groupId: party.random(16), nowMs: party.nowMs }
    expect(() => LiveMember.create({ ...about, memberId: -1 })).toThrow(RangeError)
  })
})

describe("what a live member is handed", () => {
  it("changes nothing unless it is a frame of its group", () => {
    const party = LiveParty.of("foreign", 2)
    const before = party.at(2).epochAuthenticator()
    for (const bytes of [new Uint8Array(0), fromHex("a0"), new Uint8Array(300).fill(7)]) party.deliver(2, bytes)
    expect(party.told(2, "dropped").map(({ reason }) => reason)).toEqual(["malformed", "malformed", "malformed"])
    expect(party.at(2).epochAuthenticator()).toEqual(before)
  })

  it("is refused as control of another than who signed it", () => {
    const party = LiveParty.of("forged", 3)
    const message = {
      opcode: OPCODES.ABORT_TRANSITION,
      requestId: 1,
      senderId: 1,
      transitionId: 3,
      args: new Uint8Array(0),
    }
    party.take(2, party.at(2).send({ streamType: "control", payload: encodeControl(message) }, party.nowMs))
    party.run(30)
    expect(party.told(3, "refused").map(({ senderId }) => senderId)).toEqual([2])
  })

  it("that cannot be read as control is dropped", () => {
    const party = LiveParty.of("unread", 2)
    party.take(1, party.at(1).send({ streamType: "control", payload: toUtf8("?") }, party.nowMs))
    party.run(30)
    expect(party.told(2, "dropped").map(({ reason }) => reason)).toEqual(["malformed_content"])
  })

  it("is not let in by a Welcome of a group where leaves have no ids", () => {
    const party = new LiveParty("welcome")
    using invitee = party.invitee(2)
    expect(invitee.join({ welcome: new Uint8Array(9), transitionId: 1 }, party.nowMs).kind).toBe("rejected")
  })

  it("is nothing any more once its keys are zeroed", () => {
    const party = LiveParty.of("disposed", 2)
    const member = party.at(2)
    member[Symbol.dispose]()
    expect(member.endpoint).toBe("closed")
    expect(() => member.epochAuthenticator()).toThrow(TypeError)
  })
})
