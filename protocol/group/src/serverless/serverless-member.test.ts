import { suite0001 } from "@qpc/crypto/node"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Mesh } from "../testing/mesh.ts"
import type { MeshDevice } from "../testing/mesh.ts"
import { EQUALS } from "../testing/world.ts"

const views = (devices: readonly MeshDevice[]) => devices.map(({ member }) => toHex(member.epochAuthenticator))
const agree = (devices: readonly MeshDevice[]) => new Set(views(devices)).size === 1
const names = (devices: readonly MeshDevice[]) => devices.map(({ member }) => member.name)

/** A group of three in which the first two have made commits of one epoch, each on a branch of their own. */
function forked(seed = 1) {
  const mesh = new Mesh(suite0001, seed)
  const members = mesh.group(3, EQUALS)
  const [alice, bob, carol] = members as [MeshDevice, MeshDevice, MeshDevice]
  alice.send({ kind: "rename", name: "alice's" })
  bob.send({ kind: "rename", name: "bob's" })
  return { mesh, members, alice, bob, carol, ofAlice: alice.publish(), ofBob: bob.publish() }
}

describe("a group without a delivery service", () => {
  it("carries commits and texts to everybody", () => {
    const mesh = new Mesh(suite0001)
    const [alice, bob, carol] = mesh.group(3, EQUALS) as [MeshDevice, MeshDevice, MeshDevice]
    alice.send({ kind: "rename", name: "orchard" })
    bob.text("hello")
    mesh.settle([], 1)
    expect(names([alice, bob, carol])).toEqual(["orchard", "orchard", "orchard"])
    expect([alice.shown(), bob.shown(), carol.shown()]).toEqual([["hello"], [], ["hello"]])
  })

  it("brings two branches together, whoever hears of which first", () => {
    for (const seed of [1, 2, 3, 4]) {
      const { mesh, members, ofAlice, ofBob } = forked()
      mesh.settle([...ofAlice, ...ofBob], seed)
      expect(agree(members)).toBe(true)
      expect(names(members)).toEqual(["alice's", "alice's", "alice's"])
    }
  })

  it("tells whose branch was given up, and that its intent was superseded", () => {
    const { mesh, bob, ofAlice } = forked()
    mesh.deliver(ofAlice, [bob])
    expect(bob.told("branch_changed")).toEqual([
      { kind: "branch_changed", forkEpoch: 1n, leftEpoch: 2n, epoch: 2n, rule: "committer" },
    ])
    expect(bob.told("intent_failed")).toMatchObject([{ reason: "superseded" }])
    expect(bob.member.openIntentCount).toBe(0)
  })
})
