import { suite0001 } from "@qpc/crypto/node"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Mesh } from "../testing/mesh.ts"
import type { MeshDevice } from "../testing/mesh.ts"
import { nth } from "../testing/nth.ts"
import { EQUALS } from "../testing/world.ts"

const agree = (devices: readonly MeshDevice[]) =>
  new Set(devices.map(({ member }) => toHex(member.epochAuthenticator))).size === 1

/**
 * Alice is about to remove Mallory. In the same epoch Mallory makes a commit, which she gives up and hands to Carol all the same, and
 * asks to leave. Carol goes on from that commit.
 */
function undoing() {
  const mesh = new Mesh(suite0001)
  const members = mesh.group(5, EQUALS)
  const [alice, bob, carol, dave] = [nth(members, 0), nth(members, 1), nth(members, 2), nth(members, 3)]
  const mallory = nth(members, 4)
  mallory.send({ kind: "update_keys" })
  mallory.send({ kind: "leave" })
  const longer = [...mallory.outbox]
  mallory.abandon()
  const wish = mallory.publish()
  mesh.deliver(longer, [carol])
  carol.send({ kind: "update_keys" })
  longer.push(...carol.publish())
  alice.send({ kind: "remove", members: [mallory.self] })
  return { mesh, alice, bob, carol, dave, mallory, wish, longer }
}

describe("a request to leave that a removal does not refer to", () => {
  it("does not decide a fork, whether it comes before the removal or after it", () => {
    const { mesh, alice, bob, dave, mallory, wish, longer } = undoing()
    const removal = alice.publish()
    for (const part of [wish, removal, longer]) mesh.deliver(part, [bob])
    for (const part of [removal, longer, wish]) mesh.deliver(part, [dave])
    expect(agree([alice, bob, dave])).toBe(true)
    expect(bob.member.branches()).toMatchObject({ rule: "removed_author", branches: 2 })
    expect(bob.told("members_changed")).toMatchObject([{ removed: [mallory.self], left: [] }])
  })

  it("does not decide it for the one who removed either, whose commit was on its way", () => {
    const { mesh, alice, bob, wish, longer } = undoing()
    mesh.deliver(wish, [alice])
    alice.restart()
    const removal = alice.publish()
    mesh.deliver(longer, [alice])
    mesh.deliver([...removal, ...longer], [bob])
    expect(agree([alice, bob])).toBe(true)
    expect(alice.member.branches()).toMatchObject({ rule: "removed_author", branches: 2 })
  })
})
