import { suite0001 } from "@qpc/crypto/node"
import { decodeEnvelope } from "@qpc/envelope"
import { compareBytes, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Mesh } from "../testing/mesh.ts"
import type { MeshDevice } from "../testing/mesh.ts"
import { nth } from "../testing/nth.ts"
import { seededRandom } from "../testing/seeded-random.ts"
import { EQUALS } from "../testing/world.ts"
import type { ServerlessStep } from "./serverless-event.ts"
import { serverlessMemberFromBytes } from "./wake.ts"

/** The root, the branch that is chosen, and two more. */
const NARROW = { keptEpochs: 4, rollbackEpochs: 3, commitsOfOneAuthor: 2 }

const envelopeOf = ({ outgoing }: Pick<ServerlessStep, "outgoing">): Uint8Array =>
  nth(nth(outgoing).deliveries).envelope
const hashOf = (envelope: Uint8Array): Uint8Array => suite0001.hash(decodeEnvelope(envelope).sealed)
const dropped = (device: MeshDevice) => device.told("dropped").map(({ reason }) => reason)
const agree = (devices: readonly MeshDevice[]) =>
  new Set(devices.map(({ member }) => toHex(member.epochAuthenticator))).size === 1

/** Mallory makes six commits of one epoch, smallest hash first, and her friend writes in each. */
function sixWithAFriend() {
  const mesh = new Mesh(suite0001)
  const members = mesh.group(4, EQUALS, NARROW)
  const [mallory, friend, alice, bob] = [0, 1, 2, 3].map((at) => nth(members, at)) as [
    MeshDevice,
    MeshDevice,
    MeshDevice,
    MeshDevice,
  ]
  const before = friend.member.toBytes()
  const commits = Array.from({ length: 6 }, () => {
    const commit = envelopeOf(mallory.send({ kind: "update_keys" }))
    mallory.abandon()
    return commit
  }).toSorted((a, b) => compareBytes(hashOf(a), hashOf(b)))
  const parts = commits.map((commit, at) => {
    const own = { device: friend.identity, random: seededRandom(at), limits: NARROW }
    const there = serverlessMemberFromBytes(suite0001, before, own)
    there.receive([commit], mesh.clock.nowMs)
    const text = envelopeOf(there.send({ kind: "text", text: `in ${at}` }, mesh.clock.nowMs))
    return [commit, text] as const
  })
  return { mesh, alice, bob, parts }
}

/** What docs/server-less.md says that this mode does not do: whoever mends it changes the page, too. */
describe("known gaps without a delivery service", () => {
  it("leave members apart who forgot different ones of more branches than there is room for", () => {
    const { alice, bob, parts } = sixWithAFriend()
    alice.receive(...parts.slice(0, 4).flat())
    bob.receive(...parts.slice(2).flat())
    for (let round = 0; round < 3; round++) {
      for (const device of [alice, bob]) device.receive(...parts.flat())
    }
    expect(agree([alice, bob])).toBe(false)
    for (const device of [alice, bob]) {
      expect(dropped(device)).toEqual(expect.arrayContaining(["commit_known", "too_many_commits"]))
    }
  })

  it("show what a removed person writes in the epoch before, marked, until that epoch is given up", () => {
    const mesh = new Mesh(suite0001)
    const members = mesh.group(3, EQUALS, { rollbackEpochs: 2 })
    const [alice, bob, carol] = [nth(members), nth(members, 1), nth(members, 2)]
    bob.send({ kind: "remove", members: [carol.self] })
    mesh.deliver(bob.publish(), [alice])
    mesh.deliver(carol.text("after my removal").outgoing, [alice])
    expect(alice.told("text")).toMatchObject([{ text: "after my removal", isByFormerMember: true }])
    for (let commits = 0; commits < 2; commits++) {
      bob.send({ kind: "update_keys" })
      mesh.deliver(bob.publish(), [alice])
    }
    mesh.deliver(carol.text("much later").outgoing, [alice])
    expect([alice.shown(), dropped(alice)]).toEqual([["after my removal"], ["epoch_too_old"]])
  })
})
