import { RpcError } from "@qpc/rpc"
import { describe, expect, it } from "vitest"
import { bobIsEntering } from "./testing/entering.ts"
import type { Entering } from "./testing/entering.ts"
import { openPerson } from "./testing/person.ts"

const WAIT = { waitMs: 60_000 }

async function expectIn({ clock, alice, bob, group, own, isBack, release, reasons }: Entering): Promise<void> {
  release()
  await clock.during(bob.client.sync({ ...WAIT, until: isBack }))
  await clock.during(alice.client.sync())
  expect(own.epoch).toBe(4n)
  expect(own.epochAuthenticator).toEqual(group.epochAuthenticator)
  expect(await reasons()).not.toContain("replaced_by_copy")
}

describe("a device whose commit back into its group is on its way", () => {
  it("is in by that commit where the inbox brings what it missed after all", async () => {
    const world = await bobIsEntering()
    for (const envelope of world.withheld) world.server.deliver("bob", envelope)
    await world.clock.during(world.bob.client.sync())
    await expectIn(world)
  })

  it("is in by that commit where the log has again what it missed", async () => {
    const world = await bobIsEntering()
    world.restoreLog()
    world.server.cut()
    await world.clock.during(world.bob.client.sync())
    await expectIn(world)
  })

  it("is in by that commit where a copy of its profile ends the member that it was", async () => {
    const world = await bobIsEntering()
    world.server.deliver("bob", world.twinText)
    await world.clock.during(world.bob.client.sync())
    expect(await world.reasons()).toContain("own_message_ahead")
    await expectIn(world)
  })

  it("does not follow what the server hands over with its refusal of a change that was wanted before", async () => {
    const world = await bobIsEntering({ group: { winnerMs: 100, intentAttempts: 3 } })
    const { clock, server, bob, own, withheld } = world
    await clock.during(own.updateKeys())
    world.release()
    let offers = 0
    server.answerInstead = (method) => {
      if (method !== "batchEnqueue") return undefined
      offers += 1
      // The first is the commit that leads back; bob is told nothing of what becomes of it.
      const value = { duplicate: false, acceptedAtMs: 0n, skippedKeys: [], fullKeys: [] }
      if (offers === 1) return { outcome: { case: "accepted", value } }
      return { outcome: { case: "epochConflict", value: { currentEpoch: 3n, missedCommits: withheld } } }
    }
    await clock.during(bob.client.sync({ waitMs: 5000, until: () => offers === 4 }))
    expect(offers).toBe(4)
    expect(own.epoch).toBe(1n)
  })

  it("keeps its connection where the server refuses to show the log of that group, and looks again later", async () => {
    const world = await bobIsEntering()
    const { clock, server, bob, isBack, release } = world
    const { before } = server
    let refusals = 0
    server.before = (method) => {
      if (method !== "fetchCommits") return before(method)
      refusals += 1
      return new RpcError("permission_denied", "no_log", "not for you")
    }
    const looked = async (times: number): Promise<void> => {
      clock.advance(60_000)
      await clock.during(bob.client.sync({ ...WAIT, until: () => refusals === times }))
    }
    server.calls.length = 0
    bob.client.connect()
    for (const times of [1, 2]) await looked(times)
    expect(refusals).toBe(2)
    expect(server.calls).not.toContain("resumeSession")
    expect(bob.client.connectionState.at).toBe("online")
    release()
    await clock.during(bob.client.sync({ ...WAIT, until: isBack }))
    expect(isBack()).toBe(true)
  })

  it("takes that commit back where another was first", async () => {
    const { clock, server, bob, group, release } = await bobIsEntering()
    const { before: refuse } = server
    await clock.during(bob.client.close())
    release()
    await clock.during(group.rename("meadow").then(({ id }) => group.waitAccepted(id)))
    server.before = refuse
    const back = await openPerson(server, clock, bob.disk)
    expect(await clock.during(back.client.sync())).toMatchObject({ pending: 0 })
  })

  it("takes that commit back where an invitation lets it in first", async () => {
    const { clock, server, bob, group, release, twinText } = await bobIsEntering()
    server.deliver("bob", twinText)
    await clock.during(bob.client.sync())
    const { before: refuse } = server
    await clock.during(bob.client.close())
    release()
    for (const change of [() => group.remove("bob"), () => group.invite("bob")]) {
      await clock.during(change().then(({ id }) => group.waitAccepted(id)))
    }
    server.before = refuse
    const { inbox } = server.account("bob")
    inbox.splice(0, inbox.length - 1)
    const back = await openPerson(server, clock, bob.disk)
    expect(await clock.during(back.client.sync())).toMatchObject({ pending: 0, joined: [group.id] })
    expect(back.client.conversations()[0]!.epoch).toBe(group.epoch)
  })
})

/** Says that it took what follows an answer, and keeps nothing of it. */
const loseCommits = ({ server, release }: Entering, times: number): void => {
  release()
  let [left, seen] = [times, server.delivered.get("bob")!.length - 1]
  server.answerInstead = (method) => {
    const received = server.delivered.get("bob")!.length
    if (method !== "batchEnqueue" || received === seen || left === 0) return undefined
    left -= 1
    seen = received
    const value = { duplicate: false, acceptedAtMs: 0n, skippedKeys: [], fullKeys: [] }
    return { outcome: { case: "accepted", value } }
  }
}
const syncAll = async ({ clock, alice, bob }: Entering): Promise<void> => {
  for (const { client } of [bob, alice]) await clock.during(client.sync())
  clock.advance(15_000)
}

describe("a device whose commit back into its group the server has taken, and not told it of", () => {
  it("is in by that commit where an invitation of before comes in between", async () => {
    const { clock, server, alice, bob, group, release } = await bobIsEntering()
    await clock.during(bob.client.close())
    release()
    for (const change of [() => group.remove("bob"), () => group.invite("bob")]) {
      await clock.during(change().then(({ id }) => group.waitAccepted(id)))
    }
    const welcome = server.account("bob").inbox.splice(0).at(-1)!
    const received = server.delivered.get("bob")!.length
    server.after = () => {
      if (server.delivered.get("bob")!.length > received) server.full.add("bob")
      return undefined
    }
    const back = await openPerson(server, clock, bob.disk)
    for (let rounds = 0; rounds < 20 && group.epoch < 6n; rounds++) {
      for (const { client } of [back, alice]) await clock.during(client.sync())
      clock.advance(5000)
    }
    expect(group.epoch).toBe(6n)
    server.deliver("bob", welcome.data)
    await clock.during(back.client.sync())
    clock.advance(60_000)
    const [own] = back.client.conversations()
    await clock.during(back.client.sync({ ...WAIT, until: () => own!.missing?.isBehindUs === true }))
    expect(own!.epochAuthenticator).toEqual(group.epochAuthenticator)
    expect((await back.client.notices()).map(({ reason }) => reason)).not.toContain("replaced_by_copy")
  })
})

describe("a device whose commit back into its group the server has lost", () => {
  it("asks again, and is in", async () => {
    const world = await bobIsEntering()
    loseCommits(world, 1)
    for (let rounds = 0; rounds < 20 && !world.isBack(); rounds++) await syncAll(world)
    expect(world.isBack()).toBe(true)
    expect(world.own.epoch).toBe(4n)
  })

  it("gives up where the server does so with each", async () => {
    const world = await bobIsEntering({ limits: { rejoinAttempts: 2 } })
    loseCommits(world, Infinity)
    for (let rounds = 0; rounds < 20; rounds++) await syncAll(world)
    expect(await world.reasons()).toEqual(["history_gone", "rejoin_given_up"])
  })
})
