import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { Mesh } from "../testing/mesh.ts"
import { nth } from "../testing/nth.ts"
import { EQUALS } from "../testing/world.ts"

describe("a text of somebody who was removed", () => {
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
