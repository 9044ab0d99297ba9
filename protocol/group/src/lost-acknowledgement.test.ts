import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import type { Content } from "./content.ts"
import { ADMIN_ROLE } from "@qpc/gsp"
import type { Device } from "./testing/device.ts"
import { nth } from "./testing/nth.ts"
import { agree, told, World } from "./testing/world.ts"

/** A group of three in which nothing is under way; the first is its admin. */
interface Scene {
  readonly world: World
  readonly alice: Device
  readonly bob: Device
  readonly carol: Device
}

interface Case {
  readonly commit: string
  /** Makes the commit; it waits in alice's outbox. */
  readonly make: (scene: Scene) => void
  /** True once the group is as the commit makes it. */
  readonly isSo: (scene: Scene) => boolean
}

const isAfter = ({ alice }: Scene): boolean => alice.member.epoch === 2n
const wanting =
  (content: Content) =>
  ({ alice }: Scene): void =>
    void alice.send(content)

/** Long after every key update is due. */
const LONG_MS = 40 * 24 * 3_600_000

const CASES: readonly Case[] = [
  {
    commit: "an invitation",
    make: ({ world, alice }) => void alice.send({ kind: "invite", keyPackages: [world.device().keyPackage()] }),
    isSo: ({ alice, world }) => alice.member.members().length === 4 && agree(world.devices),
  },
  {
    commit: "a removal",
    make: ({ alice, carol }) => void alice.send({ kind: "remove", members: [carol.self] }),
    isSo: ({ alice, carol }) => alice.member.members().length === 2 && !carol.member.isActive,
  },
  { commit: "new keys", make: wanting({ kind: "update_keys" }), isSo: isAfter },
  {
    commit: "another name",
    make: wanting({ kind: "rename", name: "orchard" }),
    isSo: ({ bob }) => bob.member.name === "orchard",
  },
  {
    commit: "another role",
    make: ({ alice, bob }) => {
      const assignments = [{ identityKey: bob.self, role: ADMIN_ROLE }]
      alice.send({ kind: "set_roles", assignments, permissions: new Map() })
    },
    isSo: ({ bob }) => bob.member.settings?.assignments.length === 2,
  },
  {
    commit: "a timer",
    make: wanting({ kind: "set_timer", disappearAfterSeconds: 60 }),
    isSo: ({ bob }) => bob.member.settings?.disappearAfterSeconds === 60,
  },
  {
    commit: "the end of the group",
    make: wanting({ kind: "close" }),
    isSo: ({ bob }) => bob.member.settings!.isClosed,
  },
  {
    commit: "another's wish to leave",
    make: ({ world, alice, carol }) => {
      carol.send({ kind: "leave" })
      carol.flush(world.service)
      alice.receiveNext(world.service)
      alice.tick()
    },
    isSo: ({ carol }) => !carol.member.isActive && told(carol, "left_group").length === 1,
  },
  {
    commit: "upkeep that nobody asked for",
    make: ({ world, alice }) => {
      world.clock.nowMs += LONG_MS
      alice.tick()
    },
    isSo: isAfter,
  },
]

function scene(make: Case["make"]): Scene {
  const world = new World(suite0001)
  const [alice, bob, carol] = world.group(3)
  const made = { world, alice, bob, carol }
  make(made)
  return made
}

/** Everything that must hold once a commit went through whatever happened to it. */
function expectMergedOnce(result: Scene, { isSo, commit }: Case): void {
  const { world, alice, bob, carol } = result
  expect(world.service.offered.accepted).toBe(2) // the one that made the group, and this one
  expect(isSo(result)).toBe(true)
  for (const device of [alice, bob]) {
    expect(told(device, "epoch_changed").map(({ epoch }) => epoch)).toEqual([2n])
    expect(told(device, "must_rejoin")).toEqual([])
  }
  expect(agree(carol.member.isActive ? [alice, bob, carol] : [alice, bob])).toBe(true)
  expect(alice.member.openIntentCount).toBe(0)
  const isOfOthers = commit === "upkeep that nobody asked for" || commit === "another's wish to leave"
  expect(told(alice, "intent_done")).toHaveLength(isOfOthers ? 0 : 1)
  expect(told(alice, "intent_failed")).toEqual([])
  expect(told(alice, "intent_rebased")).toEqual([])
}

describe.each(CASES)("our own commit: $commit", (one) => {
  it("is merged once when the answer to it was lost, however often it is offered again", () => {
    const result = scene(one.make)
    const { world, alice } = result
    const offered = nth(alice.outbox)
    expect(world.service.offer(offered)).toBe("accepted")
    expect(world.service.offer(offered)).toBe("duplicate")
    world.settle()
    expect(world.service.offer(offered)).toBe("duplicate")
    world.settle()
    expectMergedOnce(result, one)
  })

  it("is merged once when it comes back twice, at once and after a restart", () => {
    const result = scene(one.make)
    const { world, alice } = result
    alice.flush(world.service)
    const echo = nth(world.service.inbox(alice.inboxKey))
    world.service.inbox(alice.inboxKey).push(echo.slice())
    world.settle()
    alice.restart()
    alice.receive(echo)
    expect(told(alice, "dropped").map(({ reason }) => reason)).toEqual(["epoch_too_old", "epoch_too_old"])
    expectMergedOnce(result, one)
  })

  it("is merged once by whoever was restarted between sending and merging it, and sends it again", () => {
    const result = scene(one.make)
    const { world, alice } = result
    const outbox = [...alice.outbox]
    alice.restart()
    alice.flush(world.service)
    alice.restart()
    alice.outbox.push(...outbox)
    alice.flush(world.service)
    alice.restart()
    world.settle()
    expectMergedOnce(result, one)
  })
})
