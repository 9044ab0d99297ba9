import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { Mesh } from "../testing/mesh.ts"
import type { MeshDevice } from "../testing/mesh.ts"
import { nth } from "../testing/nth.ts"
import { EQUALS } from "../testing/world.ts"
import type { ServerlessOutgoing } from "./serverless-event.ts"

function four() {
  const mesh = new Mesh(suite0001)
  const members = mesh.group(4, EQUALS)
  return { mesh, alice: nth(members, 0), bob: nth(members, 1), carol: nth(members, 2), dave: nth(members, 3) }
}

/** Makes so many commits, which nobody else hears of. */
function commits(device: MeshDevice, count: number): ServerlessOutgoing[] {
  return Array.from({ length: count }, () => {
    device.send({ kind: "update_keys" })
    return device.publish()
  }).flat()
}

describe("a jump over more epochs than are kept", () => {
  it("takes texts along that waited for somebody's leave request", () => {
    const { mesh, alice, bob, carol } = four()
    carol.send({ kind: "leave" })
    mesh.deliver(carol.publish(), [bob])
    bob.text("hello")
    bob.abandon()
    expect([bob.told("text_queued").length, bob.told("text_sealed").length]).toEqual([1, 0])
    mesh.deliver(commits(alice, 6), [bob])
    expect(bob.told("text_sealed")).toMatchObject([{ epoch: 7n, wasQueued: true }])
    mesh.deliver(bob.publish(), [alice])
    expect(alice.shown()).toEqual(["hello"])
  })

  it("takes our own wish to leave along", () => {
    const { mesh, alice, carol } = four()
    carol.send({ kind: "leave" })
    carol.publish()
    mesh.deliver(commits(alice, 6), [carol])
    mesh.deliver(carol.publish(), [alice])
    mesh.clock.nowMs += 60_000
    alice.tick()
    mesh.deliver(alice.publish(), [carol])
    expect(carol.told("left_group")).toMatchObject([{ epoch: 8n }])
  })

  it("shows a text of somebody who was removed since", () => {
    const { mesh, alice, bob, dave } = four()
    dave.text("before i go")
    const written = dave.publish()
    alice.send({ kind: "remove", members: [dave.self] })
    mesh.deliver([...written, ...alice.publish(), ...commits(alice, 5)], [bob])
    expect([bob.member.epoch, bob.shown()]).toEqual([7n, ["before i go"]])
  })

  it("shows it to somebody who is out by then", () => {
    const { mesh, alice, bob, dave } = four()
    dave.text("before we go")
    const written = dave.publish()
    alice.send({ kind: "remove", members: [dave.self] })
    const made = [...written, ...alice.publish(), ...commits(alice, 4)]
    alice.send({ kind: "remove", members: [bob.self] })
    mesh.deliver([...made, ...alice.publish()], [bob])
    expect([bob.member.isActive, bob.shown()]).toEqual([false, ["before we go"]])
  })

  it("shows texts that waited for the branch that wins by it", () => {
    const { mesh, alice, bob, carol } = four()
    const erin = mesh.device()
    alice.send({ kind: "rename", name: "alice's" })
    bob.send({ kind: "invite", keyPackages: [erin.keyPackage()] })
    const [ofAlice, ofBob] = [alice.publish(), bob.publish()]
    mesh.deliver(ofBob, [erin])
    erin.text("hello")
    carol.receive(...[ofAlice, ofBob, erin.publish()].flat().map(({ deliveries }) => deliveries[0]!.envelope))
    expect([carol.member.name, carol.shown()]).toEqual(["alice's", []])
    bob.send({ kind: "remove", members: [erin.self] })
    mesh.deliver([...bob.publish(), ...commits(bob, 6)], [carol])
    expect([carol.member.epoch, carol.shown(), carol.told("text_of_lost_branch")]).toEqual([9n, ["hello"], []])
  })

  it("ends our own commit as done that others went on from", () => {
    const { mesh, alice, bob } = four()
    bob.send({ kind: "rename", name: "bob's" })
    const [own] = bob.outbox
    mesh.deliver([own!], [alice])
    bob.receive(own!.deliveries[0]!.envelope, ...commits(alice, 6).map(({ deliveries }) => deliveries[0]!.envelope))
    expect([bob.member.epoch, bob.told("intent_done").length, bob.told("intent_failed")]).toEqual([8n, 1, []])
  })

  it("tells of our text that could not be sent again in time", () => {
    const { mesh, alice, bob, carol } = four()
    bob.send({ kind: "update_keys" })
    bob.publish()
    bob.text("on the branch that loses")
    const made = commits(alice, 6)
    mesh.deliver(made, [carol])
    carol.send({ kind: "leave" })
    mesh.deliver([...carol.publish(), ...made], [bob])
    expect(bob.told("text_lost")).toMatchObject([{ reason: "not_kept" }])
  })
})
