import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { CreateBranchOptions, CreateSuccessorOptions, Descended, JoinGroupOptions } from "./group-options.ts"
import { Group } from "./group.ts"
import type { KeyPackageBundle } from "./key-package-bundle.ts"
import type { IdentityOf } from "./parent-group.ts"
import type { ReInit } from "./proposal.ts"
import { Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)
const everybody = ["alice", "bob", "carol"]
const nextGroup = { groupId: toUtf8("next"), version: 1, cipherSuite: 1, extensions: [] }
const basics = (
  party: Party,
  name: string,
): Pick<CreateSuccessorOptions, "suite" | "credential" | "signatureKeys" | "random" | "nowMs"> => ({
  suite: party.suite,
  credential: { kind: "basic", identity: toUtf8(name) },
  signatureKeys: party.keysOf(name),
  random: party.random,
  nowMs: party.nowMs,
})

/** A group that a ReInit has ended. */
function ended(seed: string, reinit: Partial<Omit<ReInit, "kind">> = {}): Party {
  const party = Party.of(seed, everybody)
  party.commit("alice", { reinit: { ...nextGroup, ...reinit } })
  return party
}

function succeed(
  party: Party,
  by: string,
  names: readonly string[],
  changes: Partial<CreateSuccessorOptions> = {},
): Made {
  const invited = names.map((name) => [name, party.keyPackage(name)] as const)
  const keyPackages = invited.map(([, { keyPackage }]) => keyPackage)
  const bundles = new Map(invited)
  const outcome = party.group(by).createSuccessor({ ...basics(party, by), keyPackages, ...changes })
  return { outcome, bundles }
}

function branch(party: Party, by: string, names: readonly string[], changes: Partial<CreateBranchOptions> = {}): Made {
  const invited = names.map((name) => [name, party.keyPackage(name)] as const)
  const keyPackages = invited.map(([, { keyPackage }]) => keyPackage)
  const bundles = new Map(invited)
  const options = { ...basics(party, by), groupId: toUtf8("branch"), keyPackages, ...changes }
  return { outcome: party.group(by).createBranch(options), bundles }
}

interface Made {
  readonly outcome: Descended
  readonly bundles: ReadonlyMap<string, KeyPackageBundle>
}

/** Joins as `name`; the authenticator of the epoch if that went well, the reason otherwise. */
function enter(
  party: Party,
  name: string,
  { outcome, bundles }: Made,
  changes: Partial<JoinGroupOptions> = {},
): unknown {
  if (outcome.kind === "refused") throw new Error(outcome.reason)
  const { welcome = NO_DATA, ratchetTree } = outcome
  const parent = party.group(name)
  const joined = Group.join({
    suite: party.suite,
    signatureKeys: party.keysOf(name),
    welcome,
    bundles: [...bundles].flatMap(([invited, bundle]) => (invited === name ? [bundle] : [])),
    parent,
    ...(ratchetTree && { ratchetTree }),
    ...changes,
  })
  return joined.kind === "joined" ? joined.group.epochAuthenticator() : joined.reason
}

/** Calls carol and carolina the same. */
const firstLetter: IdentityOf = (credential) =>
  credential.kind === "basic" ? String(credential.identity[0]) : "nobody"

const authenticatorOf = ({ outcome }: Made): unknown =>
  outcome.kind === "created" ? outcome.group.epochAuthenticator() : outcome.reason

describe("a ReInit", () => {
  it("ends the group for everybody and says what comes next, also after a restart", () => {
    const party = ended("reinit")
    for (const name of everybody) {
      expect(party.group(name)).toMatchObject({
        phase: "replaced",
        reinit: { groupId: toUtf8("next"), cipherSuite: 1 },
      })
      expect(() => party.say(name, "hello?")).toThrow(TypeError)
      expect(() => party.group(name).groupInfo()).toThrow(TypeError)
    }
    expect(party.restart("bob")).toMatchObject({ phase: "replaced", reinit: { groupId: toUtf8("next") } })
  })

  it("goes with nothing else", () => {
    const party = Party.of("reinit alone", everybody)
    const { random, nowMs } = party
    const options = { authenticatedData: NO_DATA, random, nowMs, reinit: nextGroup, removes: [2] }
    expect(party.group("alice").stageCommit(options)).toEqual({ kind: "refused", reason: "reinit_not_alone" })
  })
})

describe("the successor of a group", () => {
  it.each([
    ["with the tree in the Welcome", {}],
    ["with the tree beside it", { treeInWelcome: false }],
    ["with a path", { forcePath: true }],
  ])("is one group for all members, %s", (_, changes) => {
    const party = ended("successor")
    const made = succeed(party, "bob", ["alice", "carol"], changes)
    const expected = authenticatorOf(made)
    expect([enter(party, "alice", made), enter(party, "carol", made)]).toEqual([expected, expected])
  })

  it("has what the ReInit named, and is in epoch 1", () => {
    const extensions = [{ extensionType: 3, extensionData: Uint8Array.of(0, 0, 0) }]
    const party = ended("successor parameters", { extensions })
    const { outcome } = succeed(party, "alice", ["bob", "carol"])
    expect(outcome).toMatchObject({ kind: "created", group: { epoch: 1n, groupId: toUtf8("next"), extensions } })
  })

  it("can be made and joined after a restart", () => {
    const party = ended("successor after a restart")
    for (const name of everybody) party.restart(name)
    const made = succeed(party, "alice", ["bob", "carol"])
    expect(enter(party, "carol", made)).toEqual(authenticatorOf(made))
  })

  it("can be made and joined before the ReInit is merged, by those who have staged it", () => {
    const party = Party.of("successor of a staged commit", ["alice", "bob"])
    const { random, nowMs } = party
    const [alice, bob] = [party.group("alice"), party.group("bob")]
    const staging = alice.stageCommit({ reinit: nextGroup, authenticatedData: NO_DATA, random, nowMs })
    if (staging.kind === "refused") throw new Error(staging.reason)
    const made = succeed(party, "alice", ["bob"], { staged: staging.staged })
    expect(enter(party, "bob", made)).toBe("parent_not_replaced")
    const heard = bob.receive(staging.commit, nowMs)
    if (heard.kind !== "commit") throw new Error(heard.kind)
    expect(enter(party, "bob", made, { staged: heard.staged })).toEqual(authenticatorOf(made))
    expect([alice.phase, bob.phase]).toEqual(["active", "active"])
  })

  it("is neither made nor joined by a commit that ends nothing, or that was cleared", () => {
    const party = Party.of("successor of another commit", ["alice", "bob"])
    const { random, nowMs } = party
    const [alice, bob] = [party.group("alice"), party.group("bob")]
    const about = { authenticatedData: NO_DATA, random, nowMs }
    const update = alice.stageCommit(about)
    if (update.kind === "refused") throw new Error(update.reason)
    expect(() => succeed(party, "alice", ["bob"], { staged: update.staged })).toThrow("no ReInit has ended the group")
    const heard = bob.receive(update.commit, nowMs)
    if (heard.kind !== "commit") throw new Error(heard.kind)
    alice.clear(update.staged)
    expect(() => succeed(party, "alice", ["bob"], { staged: update.staged })).toThrow(TypeError)
    const ending = alice.stageCommit({ ...about, reinit: nextGroup })
    if (ending.kind === "refused") throw new Error(ending.reason)
    const made = succeed(party, "alice", ["bob"], { staged: ending.staged })
    expect(enter(party, "bob", made, { staged: heard.staged })).toBe("parent_not_replaced")
  })

  it.each([
    ["successor_lacks_member", ["alice"]],
    ["successor_adds_stranger", ["alice", "carol", "mallory"]],
    ["duplicate_signature_key", ["alice", "carol", "carol"]],
  ])("is refused with %s", (reason, names) => {
    expect(succeed(ended("successor refused"), "bob", names).outcome).toEqual({ kind: "refused", reason })
  })

  it("knows people by what the application says", () => {
    const party = ended("successor identities")
    const names = ["alice", "carolina"]
    expect(authenticatorOf(succeed(party, "bob", names))).toBe("successor_adds_stranger")
    const identityOf = firstLetter
    const made = succeed(party, "bob", names, { identityOf })
    expect(enter(party, "alice", made)).toBe("successor_adds_stranger")
    expect(enter(party, "alice", made, { identityOf })).toEqual(authenticatorOf(made))
  })

  it("is not made before a ReInit, or with another suite than it names", () => {
    expect(() => succeed(Party.of("too early", everybody), "bob", ["alice", "carol"])).toThrow(TypeError)
    const party = ended("other suite", { cipherSuite: 2 })
    expect(() => succeed(party, "bob", ["alice", "carol"])).toThrow(RangeError)
  })
})

describe("a branch", () => {
  it("is refused for what is wrong with any group, before it is compared with the one it descends from", () => {
    const party = Party.of("branch known", everybody)
    const made = branch(party, "alice", ["carol"])
    expect(enter(party, "carol", made, { isKnownGroup: () => true })).toBe("group_already_known")
  })

  it("is one group for the members that it was made for", () => {
    const party = Party.of("branch", everybody)
    const made = branch(party, "alice", ["carol"])
    expect(enter(party, "carol", made)).toEqual(authenticatorOf(made))
    expect(made.outcome).toMatchObject({ group: { epoch: 1n, groupId: toUtf8("branch") } })
  })

  it("goes on beside the group that it came from", () => {
    const party = Party.of("branch beside", everybody)
    branch(party, "alice", ["carol"])
    expect(party.hear("bob", party.say("alice", "nothing happened"))).toBe("nothing happened")
  })

  it("can still be joined when the old group has moved on", () => {
    const party = Party.of("branch of the past", everybody)
    const made = branch(party, "alice", ["carol"])
    party.commit("bob")
    expect(enter(party, "carol", made)).toEqual(authenticatorOf(made))
  })

  it("may have extensions of its own", () => {
    const party = Party.of("branch extensions", everybody)
    const extensions = [{ extensionType: 5, extensionData: Uint8Array.of(0) }]
    const made = branch(party, "alice", ["bob"], { extensions })
    expect(enter(party, "bob", made)).toEqual(authenticatorOf(made))
  })

  it("is not made for strangers, nor by those who were removed", () => {
    const party = Party.of("branch strangers", everybody)
    expect(authenticatorOf(branch(party, "alice", ["mallory"]))).toBe("successor_adds_stranger")
    const { commit } = party.stage("alice", { removes: [2] })
    party.follow("carol", commit)
    expect(() => branch(party, "carol", ["bob"])).toThrow("the group is over for us: removed")
    expect(() => enter(party, "carol", branch(party, "alice", ["carol"]))).toThrow(TypeError)
  })
})

describe("a Welcome into a group that descends from another", () => {
  it("is refused without that other group, and from a group that is another", () => {
    const party = Party.of("descent", everybody)
    const made = branch(party, "alice", ["carol"])
    const stranger = Party.of("some other group", ["carol", "dave"]).group("carol")
    expect(enter(party, "carol", made, { parent: stranger })).toBe("parent_group_mismatch")
    const { outcome, bundles } = made
    if (outcome.kind === "refused") throw new Error(outcome.reason)
    const { welcome = NO_DATA } = outcome
    const own = [...bundles.values()]
    const orphaned = Group.join({ suite: party.suite, signatureKeys: party.keysOf("carol"), welcome, bundles: own })
    expect(orphaned).toEqual({ kind: "rejected", reason: "parent_group_missing" })
  })

  it("is refused as a successor where no ReInit was committed", () => {
    const party = Party.of("not ended for all", everybody)
    const { commit, staged } = party.stage("alice", { reinit: nextGroup })
    party.group("alice").merge(staged)
    const made = succeed(party, "alice", ["bob", "carol"])
    expect(enter(party, "carol", made)).toBe("parent_not_replaced")
    party.follow("carol", commit)
    expect(enter(party, "carol", made)).toEqual(authenticatorOf(made))
  })

  it("is refused from an epoch that is forgotten", () => {
    const party = Party.of("forgotten", everybody, { limits: { resumptionPsks: 1 } })
    const made = branch(party, "alice", ["carol"])
    party.commit("bob")
    party.commit("bob")
    expect(enter(party, "carol", made)).toBe("parent_group_mismatch")
  })

  it("is refused if it belongs to an ordinary group", () => {
    const party = Party.of("ordinary", ["alice", "bob"])
    const bundle = party.keyPackage("carol")
    const { welcome = NO_DATA } = party.commit("alice", { adds: [bundle.keyPackage] })
    const other = Party.of("another", ["alice", "carol"]).group("carol")
    const options = { suite: party.suite, signatureKeys: party.keysOf("carol"), welcome, bundles: [bundle] }
    expect(Group.join({ ...options, parent: other })).toEqual({ kind: "rejected", reason: "parent_group_unnamed" })
    expect(Group.join(options)).toMatchObject({ kind: "joined" })
  })
})
