import { suite0001 } from "@qpc/crypto/node"
import { compareBytes, equalBytes, toDeviceKey, toGroupId, toHex } from "@qpc/wire"
import { decodeEnvelope } from "@qpc/envelope"
import { describe, expect, it } from "vitest"
import type { Content } from "../content.ts"
import { foundState } from "../create.ts"
import { Mesh } from "../testing/mesh.ts"
import type { MeshDevice } from "../testing/mesh.ts"
import { nth } from "../testing/nth.ts"
import { seededRandom, seededWords } from "../testing/seeded-random.ts"
import { EQUALS } from "../testing/world.ts"
import { KeptEpoch } from "./kept-epoch.ts"
import { ServerlessDraft } from "./serverless-draft.ts"
import { resolveServerlessLimits } from "./serverless-limits.ts"
import type { ServerlessLimits } from "./serverless-limits.ts"
import { newServerlessState } from "./serverless-state.ts"
import { dropSurplus } from "./surplus.ts"
import type { ServerlessOutgoing, ServerlessStep } from "./serverless-event.ts"
import { serverlessMemberFromBytes } from "./wake.ts"

const envelopeOf = ({ outgoing }: Pick<ServerlessStep, "outgoing">): Uint8Array =>
  nth(nth(outgoing).deliveries).envelope
const hashOf = (envelope: Uint8Array): Uint8Array => suite0001.hash(decodeEnvelope(envelope).sealed)
const dropped = (device: MeshDevice) => device.told("dropped").map(({ reason }) => reason)
const agree = (devices: readonly MeshDevice[]) =>
  new Set(devices.map(({ member }) => toHex(member.epochAuthenticator))).size === 1

/** Mallory makes six commits of one epoch, of which two are followed without more ado; the one with the smallest hash comes first. */
function six(limits: ServerlessLimits = {}, seed = 1) {
  const mesh = new Mesh(suite0001, seed)
  const members = mesh.group(4, EQUALS, { commitsOfOneAuthor: 2, ...limits })
  const [mallory, alice, bob, carol] = [nth(members), nth(members, 1), nth(members, 2), nth(members, 3)]
  const made = Array.from({ length: 6 }, () => {
    const { outgoing } = mallory.send({ kind: "update_keys" })
    const { messageId } = nth(outgoing)
    const state = mallory.member.toBytes()
    mallory.abandon()
    return { commit: envelopeOf({ outgoing }), messageId, state }
  }).toSorted((a, b) => compareBytes(hashOf(a.commit), hashOf(b.commit)))
  /** What Mallory sends first in the epoch that one of them leads to. */
  const inEpochOf = (at: number, content: Content): Uint8Array => {
    const { state, messageId } = nth(made, at)
    const own = { device: mallory.identity, random: seededRandom(at), limits }
    const there = serverlessMemberFromBytes(suite0001, state, own)
    there.published(messageId, mesh.clock.nowMs)
    return envelopeOf(there.send(content, mesh.clock.nowMs))
  }
  return { alice, bob, carol, c: made.map(({ commit }) => commit) as SixCommits, inEpochOf }
}

type SixCommits = [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]

describe("commits of one author in one epoch, beyond the limit", () => {
  it.each([
    [
      [0, 1],
      [2, 3, 4, 5],
    ],
    [
      [5, 4, 3],
      [0, 1, 2],
    ],
    [
      [2, 3],
      [4, 5],
    ],
  ])("lead all who hear of them into one epoch: first %j here and %j there", (here, there) => {
    const { alice, bob, c } = six()
    for (const at of here) alice.receive(c[at]!)
    for (const at of there) bob.receive(c[at]!)
    expect(agree([alice, bob])).toBe(false)
    alice.receive(...c)
    for (const commit of c) bob.receive(commit)
    expect(agree([alice, bob])).toBe(true)
    for (const device of [alice, bob]) expect(device.member.branches()).toMatchObject({ keptEpochs: 3, branches: 2 })
  })

  it("are dropped and told, the one with the greatest hash first, also where it was followed before", () => {
    const { alice, c } = six()
    alice.receive(c[2], c[3])
    alice.receive(c[1])
    expect([dropped(alice), alice.member.branches().keptEpochs]).toEqual([["too_many_commits"], 3])
    alice.receive(c[3], c[4])
    expect(dropped(alice)).toEqual(["too_many_commits", "too_many_commits", "too_many_commits"])
    alice.receive(c[1], c[2])
    expect(dropped(alice).slice(3)).toEqual(["commit_known", "commit_known"])
  })

  it.each([
    ["before it", (commit: Uint8Array, after: Uint8Array) => [after, commit]],
    ["after it", (commit: Uint8Array, after: Uint8Array) => [commit, after]],
  ])("are followed all the same where somebody else went on from them, which comes %s", (_when, inOrder) => {
    const { alice, bob, c } = six()
    bob.receive(c[5])
    bob.send({ kind: "update_keys" })
    const [own] = bob.publish()
    const after = nth(own!.deliveries).envelope
    alice.receive(c[0], c[1])
    alice.receive(...inOrder(c[5], after))
    expect(dropped(alice)).toEqual([])
    expect(agree([alice, bob])).toBe(true)
  })

  it("are followed if they come again behind what somebody wrote there, and count like every other branch then", () => {
    const { alice, bob, carol, c } = six()
    for (const device of [bob, carol]) device.receive(c[5])
    const texts = [envelopeOf(bob.text("one")), envelopeOf(carol.text("two"))]
    alice.receive(...c)
    alice.receive(...texts)
    expect(alice.shown()).toEqual([])
    alice.receive(c[5])
    expect([alice.shown(), alice.member.branches().rule]).toEqual([["one", "two"], "depth"])
    bob.receive(texts[1]!)
    expect(agree([alice, bob])).toBe(true)
  })

  it("are not followed for what their author writes there", () => {
    const { alice, c, inEpochOf } = six()
    alice.receive(...c, inEpochOf(5, { kind: "text", text: "mine" }))
    expect(alice.member.branches()).toMatchObject({ keptEpochs: 3, branches: 2 })
    expect(dropped(alice)).toEqual(Array.from({ length: 4 }, () => "too_many_commits"))
  })

  it("are ranked by how far their author went on from them, whichever came first", () => {
    const { alice, bob, c, inEpochOf } = six()
    const next = inEpochOf(5, { kind: "update_keys" })
    alice.receive(c[5], next)
    for (const device of [alice, bob]) device.receive(c[0], c[1], c[2])
    bob.receive(c[5], next)
    expect([alice.member.epoch, bob.member.epoch, agree([alice, bob])]).toEqual([3n, 3n, true])
    expect(alice.member.branches().keptEpochs).toBe(4)
  })

  it("are not followed all the same because their author went on from each", () => {
    const { alice, c, inEpochOf } = six()
    alice.receive(...c, ...c.map((_, at) => inEpochOf(at, { kind: "update_keys" })))
    expect(alice.member.branches()).toMatchObject({ keptEpochs: 5, branches: 2 })
  })

  it("are kept where we have used keys of ours, and are never grown anew", () => {
    const { alice, c } = six()
    alice.receive(c[5])
    alice.text("hello")
    alice.restart()
    alice.receive(...c.slice(0, 5))
    expect(alice.member.branches()).toMatchObject({ keptEpochs: 4, branches: 3 })
    alice.receive(c[5])
    expect(dropped(alice).at(-1)).toBe("commit_known")
  })

  it("are kept where we have asked to leave, which uses a key as well", () => {
    const { alice, c } = six()
    alice.receive(c[5])
    alice.send({ kind: "leave" })
    alice.receive(...c.slice(0, 5))
    alice.receive(c[5])
    expect(dropped(alice).at(-1)).toBe("commit_known")
  })
})

/** Three members hear of some of the six, write and make commits on whatever branch they are; then all hear of everything. */
function divided(seed: number): MeshDevice[] {
  const { alice, bob, carol, c } = six({}, seed)
  const devices = [alice, bob, carol]
  const next = seededWords(seed)
  const made: ServerlessOutgoing[] = []
  for (let act = 0; act < 12; act++) {
    const device = nth(devices, next() % 3)
    const dice = next() % 4
    if (dice < 2) device.receive(nth([...c], next() % 6))
    else device.send(dice === 2 ? { kind: "text", text: `text ${act}` } : { kind: "update_keys" })
    made.push(...device.publish())
  }
  const had = new Map(devices.map((device) => [device, new Set<Uint8Array>()]))
  for (let known = 0; known < made.length || known === 0;) {
    known = made.length
    for (const device of devices) {
      const envelopes = made
        .flatMap(({ deliveries }) => deliveries)
        .filter(({ recipients }) => isFor(device, recipients))
      const fresh = envelopes.filter(({ envelope }) => !had.get(device)!.has(envelope)).map(({ envelope }) => envelope)
      for (const envelope of fresh) had.get(device)!.add(envelope)
      device.receive(...[...c, ...fresh].toSorted((a, b) => compareBytes(hashOf(a), hashOf(b))))
      made.push(...device.publish())
    }
  }
  return devices
}

const isFor = ({ self }: MeshDevice, recipients: readonly Uint8Array[]): boolean =>
  recipients.some((recipient) => equalBytes(recipient, self))

describe("a group that one member leads into many branches", () => {
  it.each(Array.from({ length: 16 }, (_, at) => at + 1))("comes together, seed %i", (seed) => {
    expect(agree(divided(seed))).toBe(true)
  })
})

/** Somebody alone who follows one commit of each author, and epochs that commits of theirs would lead to. */
function bare() {
  const random = seededRandom(7)
  const device = suite0001.signatureKeyPair(random(suite0001.sizes.signatureSeedBytes))
  const limits = resolveServerlessLimits({ commitsOfOneAuthor: 1 })
  const groupId = toGroupId(random(16))
  const options = { suite: suite0001, device, random, groupId, name: "garden", nowMs: 0, limits: limits.group }
  const state = newServerlessState({ first: foundState(options), signatureKeys: device, limits, nowMs: 0 })
  const { self: committer, root } = state
  const childOf = (by: Uint8Array, hash: number): KeptEpoch => {
    const commitHash = new Uint8Array(32).fill(hash)
    const origin = { committer, device: toDeviceKey(by), commitHash, removed: [], expelled: [] }
    const child = new KeptEpoch({ epoch: 1n, origin, left: [], profile: root.profile, state: undefined, sinceMs: 0 })
    root.adopt(child)
    return child
  }
  return { state, root, childOf, drop: () => dropSurplus(state, new ServerlessDraft(state.self)) }
}

describe("an epoch that is one too many", () => {
  const another = new Uint8Array(32)

  it("stays if its commit is of our own device: others may have it, and we could not follow it any more", () => {
    const { state, childOf, drop } = bare()
    const [, , second] = [childOf(state.device, 9), childOf(another, 1), childOf(another, 2)]
    expect(drop()).toEqual([second])
  })

  it("stays as long as it is the one that we are in", () => {
    const { state, root, childOf, drop } = bare()
    const [first, second] = [childOf(another, 1), childOf(another, 2)]
    state.path = [root, second]
    expect(drop()).toEqual([])
    state.path = [root, first]
    expect(drop()).toEqual([second])
  })
})
