import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { Mesh } from "../testing/mesh.ts"
import type { MeshDevice as Device } from "../testing/mesh.ts"
import { nth } from "../testing/nth.ts"
import { EQUALS } from "../testing/world.ts"

describe("a text of somebody who was removed", () => {
  it("makes no quorum against their removal, also after a restart", () => {
    const mesh = new Mesh(suite0001)
    const members = mesh.group(4, EQUALS)
    const [alice, bob, carol, dave] = [0, 1, 2, 3].map((at) => nth(members, at)) as [Device, Device, Device, Device]
    alice.send({ kind: "remove", members: [carol.self] })
    bob.send({ kind: "rename", name: "bob's" })
    const [removal, rename] = [alice.publish(), bob.publish()]
    mesh.deliver(rename, [carol, dave])
    mesh.deliver([...bob.text("one").outgoing, ...carol.text("two").outgoing], [dave])
    expect(dave.member.branches()).toMatchObject({ rule: "only_branch", hasQuorum: true })
    mesh.deliver(removal, [dave])
    for (const device of [dave, alice]) device.restart()
    mesh.deliver(rename, [alice])
    dave.tick()
    expect(dave.member.branches().rule).toBe("committer")
    expect(dave.member.epochAuthenticator).toEqual(alice.member.epochAuthenticator)
    expect(dave.member.members()).toHaveLength(3)
  })

  it("is marked, because nobody can tell whether it was written before they went", () => {
    const mesh = new Mesh(suite0001)
    const members = mesh.group(3, EQUALS)
    const [alice, bob, carol] = [nth(members, 0), nth(members, 1), nth(members, 2)]
    mesh.deliver(carol.text("in time").outgoing, [alice])
    const late = carol.text("before or after?").outgoing
    bob.send({ kind: "remove", members: [carol.self] })
    mesh.deliver(bob.publish(), [alice])
    mesh.deliver([...late, ...bob.text("she is out").outgoing], [alice])
    expect(alice.told("text").map(({ text, isByFormerMember }) => [text, isByFormerMember])).toEqual([
      ["in time", undefined],
      ["before or after?", true],
      ["she is out", undefined],
    ])
  })
})
