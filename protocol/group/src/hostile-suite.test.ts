import type { CipherSuite } from "@qpc/crypto"
import { newXWingSuite, suite0001, suite0003 } from "@qpc/crypto/node"
import { createKeyPackage, Group } from "@qpc/mls"
import type { CommitOptions, Extension } from "@qpc/mls"
import { toGroupId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { withOrigin } from "./group-origin.ts"
import { groupExtensions, OUR_EXTENSIONS, withSettings } from "./group-profile.ts"
import { firstSettings } from "./group-settings.ts"
import { DEFAULT_ROLES } from "@qpc/gsp"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { Outlaw } from "./testing/outlaw.ts"
import { seededRandom } from "./testing/seeded-random.ts"
import { agree, EQUALS, told, World } from "./testing/world.ts"

type ReInit = NonNullable<CommitOptions["reinit"]>
const DAY_MS = 86_400_000
const nextId = new Uint8Array(16).fill(7)

/** Two honest devices and two outlaws who may do everything, all in one group. */
function stage(suite: CipherSuite = suite0001, roles = EQUALS) {
  const world = new World(suite)
  const [alice, bob] = nthTwo(world.group(2, { suites: [suite0001, suite0003], roles }))
  const [outlaw, second] = [new Outlaw(suite, 77, world.clock.nowMs), new Outlaw(suite, 78, world.clock.nowMs)]
  alice.send({ kind: "invite", keyPackages: [outlaw.keyPackage(), second.keyPackage()] })
  world.settle()
  for (const one of [outlaw, second]) one.join(nth(world.service.inbox(one.inboxKey)))
  for (const device of [alice, bob]) device.events.length = 0
  const honest: ReInit = { groupId: nextId, version: 1, cipherSuite: 3, extensions: next(outlaw.group) }
  const everybody = (): Uint8Array[] => [of3(alice), of3(bob), packageOf(second, world)]
  return { world, alice, bob, outlaw, second, honest, everybody }
}

type Stage = ReturnType<typeof stage>

const of3 = (device: Device): Uint8Array => device.keyPackage(DAY_MS, suite0003)

const nthTwo = ([first, second]: readonly Device[]): [Device, Device] => [first!, second!]

function next(group: Group, changes: { groupId?: Uint8Array; epochsBefore?: bigint } = {}): Extension[] {
  const origin = { groupId: group.groupId, epochsBefore: group.epoch, ...changes }
  return withOrigin(group.extensions, { ...origin, groupId: toGroupId(origin.groupId) })
}

/** An outlaw's key package of the suite to come. */
function packageOf({ self, identity }: Outlaw, { clock }: World): Uint8Array {
  return createKeyPackage({
    suite: suite0003,
    credential: { kind: "basic", identity: self },
    signatureKeys: identity,
    random: seededRandom(self[0]!),
    nowMs: clock.nowMs,
    lifetimeMs: DAY_MS,
    capabilities: { extensions: OUR_EXTENSIONS },
  }).keyPackage
}

/** A Welcome into a group with the same parameters that descends from nobody. */
function foundling({ outlaw, everybody, honest, world }: Stage): Uint8Array | undefined {
  const about = { random: seededRandom(6), nowMs: world.clock.nowMs }
  const group = Group.create({
    suite: suite0003,
    groupId: nextId,
    credential: { kind: "basic", identity: outlaw.self },
    signatureKeys: outlaw.identity,
    extensions: honest.extensions,
    capabilities: { extensions: OUR_EXTENSIONS },
    ...about,
  })
  const made = group.stageCommit({ adds: everybody(), authenticatedData: new Uint8Array(0), ...about })
  return made.kind === "staged" ? made.welcome : undefined
}

const CASES: readonly [string, string, (stage: Stage) => Uint8Array][] = [
  ["without a Welcome", "successor_missing", ({ outlaw, honest }) => outlaw.succeed({ reinit: honest })],
  [
    "into a group under the same MLS id",
    "successor_group_id",
    ({ outlaw, honest }) => outlaw.succeed({ reinit: { ...honest, groupId: outlaw.group.groupId } }),
  ],
  [
    "into a group under an id of another length",
    "successor_group_id",
    ({ outlaw, honest }) => outlaw.succeed({ reinit: { ...honest, groupId: new Uint8Array(15) } }),
  ],
  [
    "with other settings",
    "successor_extensions",
    ({ alice, outlaw, honest }) => {
      const settings = { ...alice.member.settings!, name: "mine" }
      return outlaw.succeed({ reinit: { ...honest, extensions: withSettings(honest.extensions, settings) } })
    },
  ],
  [
    "that does not say where it goes on",
    "successor_extensions",
    ({ outlaw, honest }) => outlaw.succeed({ reinit: { ...honest, extensions: outlaw.group.extensions } }),
  ],
  [
    "that goes on in another epoch",
    "successor_extensions",
    ({ outlaw, honest }) =>
      outlaw.succeed({ reinit: { ...honest, extensions: next(outlaw.group, { epochsBefore: 9n }) } }),
  ],
  [
    "that goes on under another id",
    "successor_extensions",
    ({ outlaw, honest }) =>
      outlaw.succeed({ reinit: { ...honest, extensions: next(outlaw.group, { groupId: nextId }) } }),
  ],
  [
    "into the same suite",
    "suite_unchanged",
    ({ outlaw, honest }) => outlaw.succeed({ reinit: { ...honest, cipherSuite: 1 } }),
  ],
  [
    "into a suite that nobody knows",
    "suite_unknown",
    ({ outlaw, honest }) => outlaw.succeed({ reinit: { ...honest, cipherSuite: 0x0a0a } }),
  ],
  [
    "into a suite of other signatures",
    "suite_other_signature",
    ({ outlaw, honest }) => outlaw.succeed({ reinit: { ...honest, cipherSuite: 2 } }),
  ],
  [
    "that leaves somebody out",
    "successor_lacks_member",
    ({ alice, second, world, outlaw, honest }) =>
      outlaw.succeed({
        reinit: honest,
        welcome: (staged) => outlaw.welcomeTo(staged, suite0003, [of3(alice), packageOf(second, world)]),
      }),
  ],
  [
    "that brings in a stranger",
    "successor_adds_stranger",
    ({ world, outlaw, honest, everybody }) => {
      const stranger = packageOf(new Outlaw(suite0001, 99, world.clock.nowMs), world)
      return outlaw.succeed({
        reinit: honest,
        welcome: (staged) => outlaw.welcomeTo(staged, suite0003, [...everybody(), stranger]),
      })
    },
  ],
  [
    "whose group descends from nobody",
    "parent_group_unnamed",
    (at) => at.outlaw.succeed({ reinit: at.honest, welcome: () => foundling(at) }),
  ],
  [
    "whose group descends from another ending",
    "group_info_not_decrypted",
    ({ outlaw, honest, everybody }) => {
      let earlier: Uint8Array | undefined
      outlaw.succeed({
        reinit: honest,
        welcome: (staged) => (earlier = outlaw.welcomeTo(staged, suite0003, everybody())),
      })
      return outlaw.succeed({ reinit: honest, welcome: () => earlier })
    },
  ],
  [
    "whose group another member made",
    "successor_of_another",
    ({ outlaw, second, alice, bob, world, honest }) =>
      outlaw.succeed({
        reinit: honest,
        welcome: (_staged, commit) => {
          const keyPackages = [of3(alice), of3(bob), packageOf(outlaw, world)]
          return second.welcomeTo(second.stage(commit), suite0003, keyPackages)
        },
      }),
  ],
  [
    "with something behind it that is no message",
    "malformed",
    ({ outlaw, honest }) => outlaw.succeed({ reinit: honest, welcome: () => Uint8Array.of(0, 1, 0, 3, 0) }),
  ],
]

describe("a hostile change of the cipher suite", () => {
  it.each(CASES)("%s is dropped as %s, and the group goes on", (_what, reason, made) => {
    const at = stage()
    const { world, alice, bob } = at
    const envelope = made(at)
    const { epoch, suiteId, settings } = alice.member
    alice.receive(envelope)
    expect(told(alice, "dropped")).toMatchObject([{ reason }])
    expect(alice.member).toMatchObject({ isActive: true, epoch, suiteId, settings })
    alice.restart()
    bob.text("still here")
    bob.send({ kind: "update_keys" })
    world.settle()
    expect([alice.shown(), agree([alice, bob])]).toEqual([["still here"], true])
  })

  it("of somebody who may not is dropped", () => {
    const { alice, outlaw, honest } = stage(suite0001, DEFAULT_ROLES)
    alice.receive(outlaw.succeed({ reinit: honest }))
    expect(told(alice, "dropped")).toMatchObject([{ reason: "suite_not_allowed" }])
  })

  it("back to a suite without protection from quantum computers is dropped", () => {
    const { alice, outlaw, honest } = stage(newXWingSuite())
    alice.receive(outlaw.succeed({ reinit: { ...honest, cipherSuite: 1 } }))
    expect(told(alice, "dropped")).toMatchObject([{ reason: "suite_weaker" }])
  })

  it("cannot be followed twice", () => {
    const { alice, outlaw, honest, everybody } = stage()
    const envelope = outlaw.succeed({
      reinit: honest,
      welcome: (staged) => outlaw.welcomeTo(staged, suite0003, everybody()),
    })
    alice.receive(envelope)
    alice.receive(envelope)
    expect(told(alice, "suite_changed")).toHaveLength(1)
    expect(told(alice, "dropped")).toMatchObject([{ reason: "epoch_too_old" }])
  })
})

/** An invited device in a group whose founder says that as many epochs were before it as can be said. */
function lateGroup() {
  const world = new World(suite0001)
  const outlaw = new Outlaw(suite0001, 77, world.clock.nowMs)
  const settings = groupExtensions(firstSettings("orchard", outlaw.self, { roles: EQUALS }))
  outlaw.found(nextId, withOrigin(settings, { groupId: toGroupId(nextId), epochsBefore: 2n ** 52n - 1n }))
  const victim = world.device({ suites: [suite0001, suite0003] })
  victim.receive(outlaw.welcome([victim.keyPackage()]))
  return { outlaw, victim, outlawOf3: packageOf(outlaw, world) }
}

describe("a group whose founder leaves no room for epochs behind it", () => {
  it("does not change its suite: nobody could wake the group that takes its place", () => {
    const { outlaw, victim } = lateGroup()
    const origin = { groupId: toGroupId(nextId), epochsBefore: victim.member.epoch }
    const extensions = withOrigin(outlaw.group.extensions, origin)
    const envelope = outlaw.succeed({
      reinit: { groupId: new Uint8Array(16).fill(8), version: 1, cipherSuite: 3, extensions },
      welcome: (staged) => outlaw.welcomeTo(staged, suite0003, [of3(victim)]),
    })
    victim.receive(envelope)
    expect(told(victim, "dropped")).toMatchObject([{ reason: "successor_extensions" }])
    victim.restart()
    expect(victim.member).toMatchObject({ isActive: true, suiteId: 1, epoch: 2n ** 52n })
  })

  it("cannot be asked to by us either", () => {
    const { victim, outlawOf3 } = lateGroup()
    victim.send({ kind: "change_suite", suiteId: 3, keyPackages: [outlawOf3] })
    expect(told(victim, "refused")).toMatchObject([{ reason: "commit_refused" }])
    victim.restart()
    expect(victim.member.suiteId).toBe(1)
  })
})

describe("a Welcome behind a commit that changes no suite", () => {
  it("is no reason to follow the commit", () => {
    const at = stage()
    const { alice, bob, outlaw } = at
    const { epoch } = alice.member
    alice.receive(outlaw.commit({}, "commit", foundling(at)))
    expect(told(alice, "dropped")).toMatchObject([{ reason: "malformed" }])
    expect([alice.member.epoch, bob.member.epoch]).toEqual([epoch, epoch])
  })
})
