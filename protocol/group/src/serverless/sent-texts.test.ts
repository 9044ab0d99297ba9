import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { Mesh } from "../testing/mesh.ts"
import type { MeshDevice } from "../testing/mesh.ts"
import { nth } from "../testing/nth.ts"
import { EQUALS } from "../testing/world.ts"
import { KeptEpoch } from "./kept-epoch.ts"
import { SentTexts } from "./sent-texts.ts"
import type { ServerlessLimits } from "./serverless-limits.ts"
import { serverlessMemberFromBytes } from "./wake.ts"

/** Alice and Bob have renamed the group in one epoch; all else being equal, Alice's branch is chosen. */
function forked(limits: ServerlessLimits) {
  const mesh = new Mesh(suite0001)
  const members = mesh.group(3, EQUALS, limits)
  const [alice, bob, carol] = [nth(members), nth(members, 1), nth(members, 2)]
  alice.send({ kind: "rename", name: "alice's" })
  bob.send({ kind: "rename", name: "bob's" })
  return { mesh, alice, bob, carol, ofAlice: alice.publish(), ofBob: bob.publish() }
}

function write(device: MeshDevice, count: number): void {
  for (let at = 1; at <= count; at++) device.text(`text ${at}`)
}

const midsOf = (device: MeshDevice): bigint[] => device.told("text_sealed").map(({ mid }) => mid)

describe("our texts on a branch that is given up", () => {
  it("are told to be lost where there are more than are remembered, and the newest are sent again", () => {
    const { mesh, alice, bob, ofAlice } = forked({ seenMessages: 2 })
    write(bob, 5)
    const mids = midsOf(bob)
    bob.restart()
    bob.publish()
    mesh.deliver(ofAlice, [bob])
    expect(bob.told("texts_lost")).toEqual([{ kind: "texts_lost", count: 3, lastMid: mids[2] }])
    expect(bob.told("text_lost")).toEqual([])
    mesh.deliver(bob.publish(), [alice])
    expect(alice.shown()).toEqual(["text 4", "text 5"])
    bob.restart()
    expect(midsOf(bob).slice(5)).toEqual(mids.slice(3))
  })

  it("are told once, however often the branch changes after that", () => {
    const { mesh, alice, bob, ofAlice } = forked({ seenMessages: 2 })
    write(bob, 5)
    mesh.deliver(ofAlice, [bob])
    for (let commits = 0; commits < 8; commits++) {
      alice.send({ kind: "update_keys" })
      mesh.deliver(alice.publish(), [bob])
    }
    expect(bob.told("texts_lost")).toHaveLength(1)
  })

  it("are told when the branch is forgotten, if nothing could be sent before", () => {
    const { mesh, bob, carol, ofAlice, alice } = forked({ seenMessages: 0 })
    write(bob, 3)
    const lastMid = midsOf(bob).at(-1)
    const made = [...ofAlice]
    for (let commits = 0; commits < 6; commits++) {
      alice.send({ kind: "update_keys" })
      made.push(...alice.publish())
    }
    mesh.deliver(made, [carol])
    carol.send({ kind: "leave" })
    mesh.deliver([...carol.publish(), ...made], [bob])
    expect(bob.told("texts_lost")).toEqual([{ kind: "texts_lost", count: 3, lastMid }])
  })
})

describe("our texts on a branch that stays", () => {
  it("are not told to be lost, however many there are", () => {
    const { mesh, alice, ofBob } = forked({ seenMessages: 2 })
    write(alice, 5)
    mesh.deliver(ofBob, [alice])
    for (let commits = 0; commits < 8; commits++) {
      alice.send({ kind: "update_keys" })
      alice.publish()
    }
    expect([alice.told("texts_lost"), alice.told("text_lost")]).toEqual([[], []])
  })
})

const epochOf = (epoch: bigint): KeptEpoch =>
  new KeptEpoch({
    epoch,
    origin: undefined,
    left: [],
    profile: { name: "", settings: undefined },
    state: undefined,
    sinceMs: 0,
  })

const textOf = (mid: bigint) => ({ mid, payload: new Uint8Array(1) })

describe("texts that are only counted", () => {
  it("are counted together where they were sealed in the same epochs, and are lost with those", () => {
    const sent = new SentTexts({ resendBytes: 100, seenTexts: 0, keptEpochs: 9 })
    const [here, there] = [epochOf(2n), epochOf(2n)]
    for (const mid of [1n, 2n]) sent.add(textOf(mid), there)
    sent.add(textOf(3n), here)
    expect(sent.forgotten).toMatchObject([
      { count: 2, lastMid: 2n },
      { count: 1, lastMid: 3n },
    ])
    expect(sent.forget([there], [here])).toMatchObject({ texts: [], forgotten: [{ count: 2, lastMid: 2n }] })
    expect(sent.forget([here], [here])).toEqual({ texts: [], forgotten: [] })
    expect(sent.forgotten).toEqual([])
  })

  it("take no more room than epochs are kept", () => {
    const sent = new SentTexts({ resendBytes: 100, seenTexts: 0, keptEpochs: 2 })
    const [here, there] = [epochOf(2n), epochOf(2n)]
    for (let mid = 1n; mid <= 9n; mid++) sent.add(textOf(mid), mid % 2n === 0n ? here : there)
    expect(sent.forgotten.map(({ count, lastMid }) => [count, lastMid])).toEqual([
      [8, 8n],
      [1, 9n],
    ])
  })

  it("are none in a state of before they were counted", () => {
    const { bob } = forked({})
    write(bob, 2)
    const now = bob.member.toBytes()
    // As version 2 was: without the list of those that are only counted, which is empty.
    const body = now.slice(0, -suite0001.sizes.hashBytes - 1)
    body[0] = 2
    const before = new Uint8Array([...body, ...suite0001.hash(body)])
    const device = bob.identity
    const woken = serverlessMemberFromBytes(suite0001, before, { device, random: (length) => new Uint8Array(length) })
    expect(woken.toBytes()).toEqual(now)
  })
})
