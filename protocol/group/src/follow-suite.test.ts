import { suite0001, suite0003 } from "@qpc/crypto/node"
import { encodeEnvelope, receiveEnvelope } from "@qpc/envelope"
import type { Envelope } from "@qpc/envelope"
import { concatBytes } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { changesSuite, takeWelcome } from "./follow-suite.ts"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { agree, told, World } from "./testing/world.ts"

const suites = [suite0001, suite0003]
const DAY_MS = 86_400_000

/** Asks for the other suite with fresh key packages of everybody else. */
function change(author: Device, others: readonly Device[]): void {
  const keyPackages = others.map((other) => other.keyPackage(DAY_MS, suite0003))
  author.send({ kind: "change_suite", suiteId: suite0003.id, keyPackages })
}

/** The same commit, and behind it a Welcome of the same suite into another group, as a service could put it there. */
function withOtherWelcome(envelope: Uint8Array): Uint8Array {
  const other = new World(suite0003)
  const [founder] = other.group(1)
  const step = founder.send({ kind: "invite", keyPackages: [other.device().keyPackage()] })
  const welcome = nth(step.outgoing)
    .deliveries.map((delivery) => opened(delivery.envelope))
    .find(({ kind }) => kind === "welcome")
  const commit = opened(envelope)
  return encodeEnvelope({ ...commit, sealed: concatBytes(takeWelcome(commit.sealed).rest, welcome!.sealed) })
}

function opened(envelope: Uint8Array): Envelope {
  const received = receiveEnvelope(envelope)
  if (received.kind === "drop") throw new Error(received.reason)
  return received.envelope
}

describe("a member without what it takes to follow", () => {
  it("drops the commit while nobody brings the key packages, and follows later", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    change(alice, [bob])
    alice.flush(world.service)
    const envelope = nth(world.service.inbox(bob.inboxKey))
    expect(changesSuite(envelope)).toBe(true)
    bob.take(bob.member.receive(envelope, world.clock.nowMs))
    expect(told(bob, "dropped")).toMatchObject([{ reason: "key_packages_missing" }])
    world.settle()
    expect(agree([alice, bob])).toBe(true)
  })

  it("does not keep the commit for later without them", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    alice.send({ kind: "update_keys" })
    alice.flush(world.service)
    alice.receiveNext(world.service)
    change(alice, [bob])
    alice.flush(world.service)
    const [, early] = world.service.inbox(bob.inboxKey)
    bob.receive(early!)
    expect(told(bob, "dropped")).toMatchObject([{ reason: "epoch_in_future" }])
    world.settle()
    expect(agree([alice, bob])).toBe(true)
  })

  it("stays where it is, and says so, if its private key is gone", () => {
    const world = new World(suite0001)
    const [alice, bob] = world.group(2, { suites })
    change(alice, [bob])
    bob.forgetKeyPackages()
    world.settle()
    expect(told(bob, "dropped")).toMatchObject([{ reason: "key_package_gone" }])
    expect(bob.member).toMatchObject({ isActive: true, suiteId: 1, epoch: 1n })
  })

  it("loses nothing by a Welcome for others that the service put behind the commit, and follows with the right one", () => {
    const world = new World(suite0001)
    const [alice, bob, carol] = world.group(3, { suites })
    // Carol wants to leave: bob's text waits for a commit.
    carol.send({ kind: "leave" })
    carol.flush(world.service)
    bob.receiveNext(world.service)
    bob.text("held")
    change(alice, [bob, carol])
    alice.flush(world.service)
    bob.receive(withOtherWelcome(nth(world.service.inbox(bob.inboxKey))))
    expect(told(bob, "dropped")).toMatchObject([{ reason: "key_package_gone" }])
    expect([bob.member.isActive, told(bob, "must_rejoin"), told(bob, "text_failed")]).toEqual([true, [], []])
    bob.restart()
    world.settle()
    world.run(60_000)
    expect([alice.shown(), agree([alice, bob])]).toEqual([["held"], true])
  })

  it("stays where it is if it does not know the suite", () => {
    const world = new World(suite0001)
    const [alice] = world.group(1, { suites })
    const bob = world.device()
    alice.send({ kind: "invite", keyPackages: [bob.keyPackage()] })
    world.settle()
    change(alice, [bob])
    world.settle()
    expect(told(bob, "dropped")).toMatchObject([{ reason: "suite_missing" }])
    expect(bob.member).toMatchObject({ isActive: true, suiteId: 1, epoch: 1n })
  })
})
