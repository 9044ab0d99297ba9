import { describe, expect, it } from "vitest"
import type { StackRequirements } from "../capabilities-extension.ts"
import { LiveInvitee } from "./live-invitee.ts"
import { LiveMember } from "./live-member.ts"
import { LiveParty } from "./testing/live-party.ts"

const demands: StackRequirements = { version: 2, features: ["gbp/class-b"] }
const able = { versions: [1, 2], features: ["gbp/class-a", "gbp/class-b"] } as const
const notAble = { versions: [1, 2], features: ["gbp/class-a"] } as const

function founded(party: LiveParty, capabilities: typeof able | typeof notAble): LiveMember {
  const { nowMs } = party
  const options = { ...party.identity(1), groupId: party.random(16), memberId: 1, nowMs }
  return LiveMember.create({ ...options, capabilities, requirements: demands })
}

function invitee(party: LiveParty, capabilities?: typeof able | typeof notAble): LiveInvitee {
  const stated = capabilities === undefined ? {} : { capabilities }
  return LiveInvitee.create({ ...party.identity(2), ...stated, memberId: 2, nowMs: party.nowMs })
}

describe("what a live group demands", () => {
  it("lets in whoever can do it", () => {
    const party = new LiveParty("able")
    party.enter(founded(party, able))
    using bob = invitee(party, able)
    party.take(1, party.at(1).invite(bob.keyPackage, party.nowMs))
    const joined = bob.join(party.told(1, "welcome").at(-1)!, party.nowMs)
    expect(joined.kind).toBe("joined")
  })

  it.each([["says to know less", notAble] as const, ["says nothing", undefined] as const])(
    "is not given up for somebody who %s",
    (_, capabilities) => {
      const party = new LiveParty("less")
      party.enter(founded(party, able))
      using bob = invitee(party, capabilities)
      party.take(1, party.at(1).invite(bob.keyPackage, party.nowMs))
      party.run(100)
      expect(party.told(1, "change_failed")).toMatchObject([{ code: 0x0007 }])
      expect(party.at(1).epoch).toBe(0n)
    },
  )

  it("binds its creator too", () => {
    expect(() => founded(new LiveParty("creator"), notAble)).toThrow(RangeError)
  })
})

describe("an invitation", () => {
  it("is followed once: a second member would use the keys of the first", () => {
    const party = new LiveParty("twice")
    using bob = invitee(party)
    party.take(1, party.at(1).invite(bob.keyPackage, party.nowMs))
    const invitation = party.told(1, "welcome").at(-1)!
    expect(bob.join(invitation, party.nowMs).kind).toBe("joined")
    expect(bob.join(invitation, party.nowMs)).toEqual({ kind: "rejected", reason: "already_joined" })
  })
})
