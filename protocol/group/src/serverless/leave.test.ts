import { suite0001 } from "@qpc/crypto/node"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Mesh } from "../testing/mesh.ts"
import type { MeshDevice } from "../testing/mesh.ts"
import { nth } from "../testing/nth.ts"
import { EQUALS } from "../testing/world.ts"

const MINUTE_MS = 60_000
const agree = (devices: readonly MeshDevice[]) =>
  new Set(devices.map(({ member }) => toHex(member.epochAuthenticator))).size === 1

/** Carol has asked to leave, and nobody has heard of it. */
function leaving(seed = 1) {
  const mesh = new Mesh(suite0001, seed)
  const members = mesh.group(4, EQUALS)
  const [alice, bob, carol, dave] = [nth(members, 0), nth(members, 1), nth(members, 2), nth(members, 3)]
  carol.send({ kind: "leave" })
  const wish = carol.publish()
  /** Lets time go by, in which those who have the turn do what it is for. */
  const pass = (known = wish) => {
    mesh.clock.nowMs += MINUTE_MS
    for (const device of mesh.devices) device.tick()
    mesh.settle(known, seed)
  }
  return { mesh, alice, bob, carol, dave, wish, pass }
}

describe("leaving a group without a delivery service", () => {
  it("takes somebody who is there to carry it out", () => {
    const { mesh, alice, bob, carol, dave, wish, pass } = leaving()
    expect(carol.text("wait").events).toMatchObject([{ kind: "refused", reason: "leaving" }])
    mesh.settle(wish, 1)
    pass()
    expect([carol.told("left_group").length, carol.told("intent_done").length]).toEqual([1, 1])
    expect(carol.text("hello").events).toMatchObject([{ kind: "refused", reason: "not_a_member" }])
    expect(agree([alice, bob, dave])).toBe(true)
    expect(alice.told("members_changed")).toMatchObject([{ removed: [carol.self], left: [carol.self] }])
  })

  it("wakes those who have a turn", () => {
    const { mesh, alice, bob, wish } = leaving()
    mesh.deliver(wish, [alice, bob])
    expect([alice, bob].some(({ wakeAtMs }) => wakeAtMs !== undefined)).toBe(true)
  })

  it("holds texts back until it is done, and loses none", () => {
    const { mesh, alice, bob, dave, wish, pass } = leaving()
    mesh.deliver(wish, [bob])
    bob.text("hello")
    expect([bob.told("text_queued").length, bob.told("text_sealed").length]).toEqual([1, 0])
    bob.restart()
    mesh.settle(wish, 1)
    pass()
    expect([alice.shown(), dave.shown()]).toEqual([["hello"], ["hello"]])
    expect(bob.told("text_sealed")).toMatchObject([{ wasQueued: true }])
  })

  it("is asked again in the next epoch, and after a restart", () => {
    const { mesh, alice, carol, pass } = leaving()
    alice.send({ kind: "rename", name: "orchard" })
    const overtaking = alice.publish()
    carol.restart()
    mesh.deliver(overtaking)
    mesh.settle(overtaking, 1)
    pass(overtaking)
    expect([carol.told("left_group").length, alice.member.members().length]).toEqual([1, 3])
  })

  it("is asked again on the branch that is chosen", () => {
    const { mesh, alice, bob, carol, dave, wish, pass } = leaving()
    mesh.deliver(wish, [bob])
    bob.text("on the branch without carol")
    const without = bob.publish()
    mesh.deliver(without, [carol, dave])
    expect(carol.member.isActive).toBe(false)
    for (let made = 0; made < 3; made++) {
      alice.send({ kind: "update_keys" })
      without.push(...alice.publish())
    }
    mesh.settle([...wish, ...without], 1)
    expect(carol.told("branch_changed").length).toBeGreaterThan(0)
    pass([...wish, ...without])
    expect(agree([alice, bob, dave])).toBe(true)
    expect([alice.member.members().length, carol.member.isActive]).toEqual([3, false])
    expect(alice.shown()).toEqual(["on the branch without carol"])
  })

  it.each([1, 2, 3])("is done once, whoever thinks that it is their turn (seed %i)", (seed) => {
    const { mesh, alice, bob, dave, wish } = leaving(seed)
    mesh.deliver(wish, [alice, bob, dave])
    mesh.clock.nowMs += MINUTE_MS
    for (const device of [alice, bob, dave]) device.tick()
    mesh.settle(wish, seed)
    expect(agree([alice, bob, dave])).toBe(true)
    expect([alice.member.epoch, alice.member.members().length]).toEqual([2n, 3])
  })

  it("needs nobody for somebody who is alone", () => {
    const alice = new Mesh(suite0001).device()
    alice.create("garden", EQUALS)
    alice.send({ kind: "leave" })
    expect(alice.told("left_group")).toHaveLength(1)
    expect(alice.text("hello").events).toMatchObject([{ kind: "refused", reason: "not_a_member" }])
  })
})
