import { suite0001 } from "@qpc/crypto/node"
import { toGroupId, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { foundState } from "../create.ts"
import { Mesh } from "../testing/mesh.ts"
import { nth } from "../testing/nth.ts"
import { seededRandom } from "../testing/seeded-random.ts"
import { EQUALS } from "../testing/world.ts"
import { resolveServerlessLimits } from "./serverless-limits.ts"
import type { ServerlessLimits } from "./serverless-limits.ts"
import { ServerlessMember } from "./serverless-member.ts"
import { newServerlessState } from "./serverless-state.ts"
import { serverlessMemberFromBytes } from "./wake.ts"

/** Somebody on a branch of two, with a commit on its way, a text that may have to be sent again and an envelope that waits. */
function busy(limits: ServerlessLimits = {}) {
  const mesh = new Mesh(suite0001)
  const members = mesh.group(3, EQUALS, limits)
  const [alice, bob] = [nth(members, 0), nth(members, 1)]
  alice.send({ kind: "rename", name: "alice's" })
  bob.send({ kind: "rename", name: "bob's" })
  const ofBob = bob.publish()
  alice.publish()
  mesh.deliver(ofBob, [alice])
  alice.text("hello")
  alice.send({ kind: "set_timer", disappearAfterSeconds: 60 })
  bob.send({ kind: "update_keys" })
  bob.publish()
  mesh.deliver([bob.text("early").outgoing[0]!], [alice])
  return { mesh, alice, bob }
}

const wake = (bytes: Uint8Array, device = busy().alice.identity) =>
  serverlessMemberFromBytes(suite0001, bytes, { device, random: seededRandom(1) })

describe("the stored state of a member without a delivery service", () => {
  it("wakes as what was stored, byte for byte", () => {
    const { alice } = busy()
    const bytes = alice.member.toBytes()
    expect(wake(bytes, alice.identity).toBytes()).toEqual(bytes)
    expect(alice.member.branches()).toMatchObject({ branches: 2, waitingEnvelopes: 1 })
  })

  it("is refused if one bit of it is another, or it is cut short", () => {
    const bytes = busy().alice.member.toBytes()
    for (const at of [1, 50, bytes.length >> 1, bytes.length - 1]) {
      const flipped = bytes.slice()
      flipped[at]! ^= 1
      expect(() => wake(flipped)).toThrow(expect.objectContaining({ code: "corrupt" }))
    }
    for (const length of [0, 1, 33, bytes.length - 1]) {
      expect(() => wake(bytes.slice(0, length))).toThrow(expect.objectContaining({ code: "corrupt" }))
    }
  })

  it("is refused if newer software wrote it, or it is somebody else's", () => {
    const { alice, bob } = busy()
    const bytes = alice.member.toBytes()
    expect(() => wake(Uint8Array.of(99, ...bytes.subarray(1)))).toThrow(
      expect.objectContaining({ code: "unknown_version" }),
    )
    expect(() => wake(bytes, bob.identity)).toThrow(expect.objectContaining({ code: "wrong_identity" }))
  })

  it("is nobody's once it was disposed of", () => {
    const { alice } = busy()
    alice.member[Symbol.dispose]()
    expect(() => alice.member.toBytes()).toThrow(TypeError)
    expect(() => alice.text("hello")).toThrow(TypeError)
  })
})

/** Somebody alone, whose commits count at once, with a view inside. */
function alone() {
  const random = seededRandom(7)
  const device = suite0001.signatureKeyPair(random(suite0001.sizes.signatureSeedBytes))
  const limits = resolveServerlessLimits({ rollbackEpochs: 1, quorumDepth: 1 })
  const groupId = toGroupId(random(16))
  const options = { suite: suite0001, device, random, groupId, name: "garden", nowMs: 0, limits: limits.group }
  const state = newServerlessState({ first: foundState(options), signatureKeys: device, limits, nowMs: 0 })
  return { state, member: new ServerlessMember(state) }
}

describe("the keys of a member without a delivery service", () => {
  it("are zeroed with the epoch that is forgotten, and not before", () => {
    const { state, member } = alone()
    const first = state.root.state!.group
    member.send({ kind: "update_keys" }, 0)
    expect(first.toBytes().length).toBeGreaterThan(0)
    member.send({ kind: "update_keys" }, 0)
    expect(() => first.toBytes()).toThrow(TypeError)
  })

  it("are zeroed with the member", () => {
    const { state, member } = alone()
    member.send({ kind: "update_keys" }, 0)
    member[Symbol.dispose]()
    for (const { state: layers } of state.root.all()) expect(() => layers!.group.toBytes()).toThrow(TypeError)
  })

  it("are forgotten once we cannot go on, and what the group was called is not", () => {
    const { alice, mesh } = busy()
    const authenticator = toHex(alice.member.epochAuthenticator)
    const name = alice.member.name
    const commits = alice.outbox.filter(({ isCommit }) => isCommit)
    const [commit] = commits.flatMap(({ deliveries }) => deliveries.map(({ envelope }) => envelope))
    alice.abandon()
    mesh.clock.nowMs += 1
    alice.receive(commit!)
    expect(alice.told("must_rejoin")).toHaveLength(1)
    const stored = alice.member.toBytes()
    expect(toHex(stored)).not.toContain(authenticator)
    expect(stored.length).toBeLessThan(1500)
    alice.restart()
    expect([alice.member.name, alice.member.isActive, alice.member.members()]).toEqual([name, false, []])
    expect(alice.text("?").events).toEqual([{ kind: "refused", reason: "must_rejoin" }])
    alice.receive(commit!)
    expect(alice.told("dropped").at(-1)).toMatchObject({ reason: "not_a_member" })
  })

  it("are forgotten by whoever leaves with nobody else there", () => {
    const { state, member } = alone()
    const first = state.root.state!.group
    member.send({ kind: "leave" }, 0)
    expect(() => first.toBytes()).toThrow(TypeError)
    expect(member.send({ kind: "text", text: "?" }, 0).events).toEqual([{ kind: "refused", reason: "not_a_member" }])
  })

  it("of an epoch are kept in one place: the commit that led there holds none of them", () => {
    const { member } = alone()
    member.send({ kind: "update_keys" }, 0)
    const stored = toHex(member.toBytes())
    expect(stored.split(toHex(member.epochAuthenticator))).toHaveLength(2)
  })
})

describe("the limits of a member without a delivery service", () => {
  it.each([
    { rollbackEpochs: -1 },
    { rollbackMs: 1.5 },
    { quorumSenders: 0 },
    { commitsOfOneAuthor: 0 },
    { quorumDepth: 6 },
    { keptEpochs: 5 },
    { textBytes: Number.NaN },
  ])("are refused where they make no sense: %j", (limits) => {
    expect(() => resolveServerlessLimits(limits)).toThrow(RangeError)
  })

  it("let the shortest branches go first", () => {
    const mesh = new Mesh(suite0001)
    const members = mesh.group(5, EQUALS, { keptEpochs: 4, rollbackEpochs: 3 })
    const observer = nth(members, 0)
    const made = members.slice(1).map((device) => {
      device.send({ kind: "update_keys" })
      return device.publish()
    })
    mesh.deliver(made.flat(), [observer])
    expect(observer.member.branches()).toMatchObject({ keptEpochs: 4, oldestEpoch: 0n })
    expect(observer.member.epoch).toBe(2n)
  })
})
