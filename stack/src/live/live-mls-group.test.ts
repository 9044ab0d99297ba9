import { suite0001 } from "@qpc/crypto/node"
import { Receiver, Sender } from "@qpc/gbp"
import { createKeyPackage, Group } from "@qpc/mls"
import type { CommitOptions, KeyPackageBundle, Member, ProposalToSend } from "@qpc/mls"
import { toGroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { capabilitiesExtension } from "../capabilities-extension.ts"
import { memberIdExtension } from "../member-id-extension.ts"
import { LiveKeys } from "./live-keys.ts"
import { encodeLiveCommit } from "./live-commit.ts"
import { LIVE_POLICY } from "./live-leaf.ts"
import { LiveMlsGroup } from "./live-mls-group.ts"
import { LiveRenewal } from "./live-renewal.ts"
import { LiveParty } from "./testing/live-party.ts"

const NOTHING = new Uint8Array(0)

/** A group of MLS with two members, the first made by hand, and what the second has of it. */
function two(seed: string, accepts: (newcomer: Member) => boolean = () => true) {
  const party = new LiveParty(seed)
  const { nowMs, random } = party
  const [alice, bob] = [party.identity(1), party.identity(2)]
  const groupId = random(16)
  const first = Group.create({ ...alice, groupId, nowMs, leafExtensions: [memberIdExtension(1)] })
  const bundleOf = (about: typeof bob, memberId?: number): KeyPackageBundle => {
    const leafExtensions = memberId === undefined ? [] : [memberIdExtension(memberId)]
    return createKeyPackage({ ...about, nowMs, lifetimeMs: 1_000_000, leafExtensions })
  }
  const commit = (options: Partial<CommitOptions>) => {
    const made = first.stageCommit({ authenticatedData: NOTHING, random, nowMs, ...options })
    if (made.kind === "refused") throw new Error(made.reason)
    return made
  }
  const bundle = bundleOf(bob, 2)
  const added = commit({ adds: [bundle.keyPackage] })
  first.merge(added.staged)
  const joined = Group.join({ ...bob, welcome: added.welcome!, bundles: [bundle], policy: LIVE_POLICY })
  if (joined.kind === "rejected") throw new Error(joined.reason)
  const keys = new LiveKeys(joined.group, random)
  keys.nowMs = nowMs
  const surroundings = { groupId: toGroupId(groupId), keys, membership: keys }
  const sender = new Sender(surroundings, joined.group.ownLeafIndex)
  const receiver = new Receiver(surroundings)
  const renewal = new LiveRenewal(joined.group, random)
  const live = new LiveMlsGroup({
    suite: suite0001,
    random,
    accepts,
    group: joined.group,
    keys,
    sender,
    receiver,
    renewal,
  })
  return {
    party,
    first,
    group: joined.group,
    live,
    commit,
    newcomer: (id?: number) => bundleOf(party.identity(3), id).keyPackage,
  }
}

describe("a commit that somebody sends", () => {
  it("is held for whoever signed it, and for nobody else", () => {
    const { live, commit, newcomer } = two("whose")
    const made = commit({ adds: [newcomer(3)] })
    expect(live.stageReceived(made.commit, 2)).toBeUndefined()
    expect(live.stageReceived(made.commit, 1)).toEqual({ joined: [3], left: [] })
    live.merge()
    expect([live.epoch, live.memberIds]).toEqual([2n, [1, 2, 3]])
  })

  it("leaves nothing behind when it is dropped", () => {
    const { live, commit, newcomer } = two("dropped")
    const made = commit({ adds: [newcomer(3)] })
    live.stageReceived(made.commit, 1)
    live.clear()
    expect(() => live.merge()).toThrow(TypeError)
    expect(() => live.clear()).toThrow(TypeError)
    expect([live.epoch, live.memberIds]).toEqual([1n, [1, 2]])
  })

  it("is not held unless the application accepts the newcomer", () => {
    const { live, commit, newcomer } = two("accepts", () => false)
    expect(live.stageReceived(commit({ adds: [newcomer(3)] }).commit, 1)).toBeUndefined()
    expect(() => live.merge()).toThrow(TypeError)
  })

  it.each([
    ["lets in a leaf without an id", (newcomer: (id?: number) => Uint8Array) => ({ adds: [newcomer()] })],
    ["lets in a leaf with an id that is taken", (newcomer: (id?: number) => Uint8Array) => ({ adds: [newcomer(2)] })],
    [
      "ends the group",
      () => ({ reinit: { groupId: new Uint8Array(16), version: 1, cipherSuite: 1, extensions: [] } }) as const,
    ],
  ])("is not held if it %s", (_, options) => {
    const { live, commit, newcomer } = two("refused")
    expect(live.stageReceived(commit(options(newcomer)).commit, 1)).toBeUndefined()
    expect(() => live.clear()).toThrow(TypeError)
  })

  it("is none if it is anything else", () => {
    const { live, first, party } = two("else")
    const text = first.protect(NOTHING, { authenticatedData: NOTHING, random: party.random })
    for (const bytes of [text, NOTHING]) expect(live.stageReceived(bytes, 1)).toBeUndefined()
  })
})

describe("a change of ours", () => {
  it("is done already where nobody has the id, and refused where it cannot be", () => {
    const { live, newcomer } = two("ours")
    expect(live.stageOwn({ kind: "remove", memberIds: [9] })).toEqual({ kind: "done" })
    expect(live.stageOwn({ kind: "remove", memberIds: [9, 2] })).toEqual({ kind: "refused" })
    expect(live.stageOwn({ kind: "add", keyPackage: newcomer(1) })).toEqual({ kind: "refused" })
    expect(live.stageOwn({ kind: "add", keyPackage: NOTHING })).toEqual({ kind: "refused" })
    expect(live.stageOwn({ kind: "add", keyPackage: newcomer(3) })).toMatchObject({ kind: "staged", joined: [3] })
  })
})

describe("an invitation", () => {
  it.each([
    ["has a higher id than its newcomer", 5],
    ["signs no id", undefined],
  ])("into a group whose member %s is not taken", (_, memberId) => {
    const party = new LiveParty("invitation")
    const { nowMs, random } = party
    const leafExtensions = memberId === undefined ? [] : [memberIdExtension(memberId)]
    const group = Group.create({ ...party.identity(1), groupId: random(16), nowMs, leafExtensions })
    using invitee = party.invitee(3)
    const adds = [invitee.keyPackage]
    const made = group.stageCommit({ adds, authenticatedData: NOTHING, random, nowMs })
    if (made.kind === "refused") throw new Error(made.reason)
    const joined = invitee.join({ welcome: made.welcome!, transitionId: 1 }, nowMs)
    expect(joined).toEqual({ kind: "rejected", reason: "bad_member_ids" })
  })
})

describe("what comes with a commit", () => {
  const ack = { opcode: 9, requestId: 0, senderId: 2, transitionId: 0, args: NOTHING }
  const proposed = ({ first, party }: ReturnType<typeof two>, wanted: ProposalToSend) => {
    const { random, nowMs } = party
    const made = first.propose(wanted, { authenticatedData: NOTHING, random, nowMs, wireFormat: "public" })
    if (made.kind === "refused") throw new Error(made.reason)
    return made.message
  }

  it("is an Update and no other proposal, and what is refused keeps nobody from speaking", () => {
    const group = two("other proposal")
    const update = proposed(group, { kind: "remove", leafIndex: 1 })
    const { commit } = group.commit({ forcePath: true })
    expect(group.live.stageReceived(encodeLiveCommit({ commit, update }), 1)).toBeUndefined()
    expect(group.live.seal(ack).length).toBeGreaterThan(0)
  })

  it("is not kept where nothing refers to it, and leaves a commit that can be followed", () => {
    const group = two("alone")
    const { commit } = group.commit({ forcePath: true })
    group.first.dropProposals()
    const update = proposed(group, { kind: "update" })
    expect(group.live.stageReceived(encodeLiveCommit({ commit, update }), 1)).toEqual({ joined: [], left: [] })
    expect(group.live.seal(ack).length).toBeGreaterThan(0)
  })

  it("is what the one who asked for it signed, and nobody else", () => {
    const group = two("whose")
    const update = proposed(group, { kind: "update" })
    expect(group.live.stageOwn({ kind: "update_leaf", memberId: 2, update })).toEqual({ kind: "done" })
    expect(group.live.seal(ack).length).toBeGreaterThan(0)
    expect(group.live.stageOwn({ kind: "update_leaf", memberId: 1, update })).toMatchObject({ kind: "staged" })
    expect(group.live.seal(ack).length).toBeGreaterThan(0)
  })

  it("is no leaf that says something else of its member than before", () => {
    const { group, live, commit } = two("says other things")
    const members = group.members()
    const more = capabilitiesExtension({ versions: [2, 2], features: ["video"] })
    const said = members.map((one) => ({ ...one, extensions: [...one.extensions, more] }))
    const { commit: bytes } = commit({ forcePath: true })
    group.members = () => said
    expect(live.stageReceived(bytes, 1)).toBeUndefined()
    group.members = () => members
    expect(live.stageReceived(bytes, 1)).toEqual({ joined: [], left: [] })
  })

  it("is of this epoch, or nothing is left to do", () => {
    const group = two("old")
    const update = proposed(group, { kind: "update" })
    group.first.dropProposals()
    group.live.stageReceived(group.commit({ forcePath: true }).commit, 1)
    group.live.merge()
    expect(group.live.stageOwn({ kind: "update_leaf", memberId: 1, update })).toEqual({ kind: "done" })
  })
})
