import { suite0001, suite0003 } from "@qpc/crypto/node"
import { inspectKeyPackage } from "@qpc/group"
import { RpcError } from "@qpc/rpc"
import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** Alice and bob in a group; only alice has another cipher suite. */
async function aliceHasMoreSuites() {
  const clock = new TestClock()
  const server = new FakeServer()
  const alice = await newPerson(server, clock, "alice", { otherSuites: [suite0003] })
  const bob = await newPerson(server, clock, "bob")
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  return { clock, server, alice, bob, group }
}

describe("key packages of several cipher suites", () => {
  it("are kept back from a server that has one stock for all", async () => {
    const clock = new TestClock()
    const server = new FakeServer()
    const alice = await newPerson(server, clock, "alice", { otherSuites: [suite0003] })
    const { keyPackages, lastResort } = server.account("alice")
    const kindOf = (keyPackage: Uint8Array): string => inspectKeyPackage(suite0001, keyPackage, clock.unixMs()).kind
    expect([...keyPackages, lastResort!.data].map(kindOf)).toEqual(["valid", "valid", "valid", "valid", "valid"])
    await clock.during(alice.client.close())
  })

  it.each([
    [12, 8],
    [3, 3],
  ])("are as many as wanted of the first, %i, and %i of each other", async (keyPackageStock, ofOthers) => {
    const clock = new TestClock()
    const server = new FakeServer()
    server.keepsSuites = true
    const limits = { keyPackageStock, keyPackageLow: 1 }
    const alice = await newPerson(server, clock, "alice", { otherSuites: [suite0003], limits })
    const { keyPackages, otherStocks } = server.account("alice")
    expect([keyPackages.length, otherStocks.get(suite0003.id)?.keyPackages.length]).toEqual([keyPackageStock, ofOthers])
    await clock.during(alice.client.close())
  })

  it("are asked for by a change of the suite, and who has none is named", async () => {
    const { clock, alice, bob, group } = await aliceHasMoreSuites()
    await expect(clock.during(group.changeSuite(3))).rejects.toMatchObject({
      code: "suite_not_ready",
      message: "not everybody can follow into that cipher suite yet: bob",
      candidates: ["bob"],
    })
    await expect(clock.during(group.changeSuite(0xf002))).rejects.toMatchObject({ code: "group_refused" })
    for (const { client } of [alice, bob]) await clock.during(client.close())
  })

  it("are asked for again where a server wants us to be slower", async () => {
    const { clock, server, alice, bob, group } = await aliceHasMoreSuites()
    let asked = 0
    const slower = new RpcError("resource_exhausted", "rate_limited", "slow down", { retryAfterMs: 1000 })
    server.before = (method) => (method === "fetchKeyPackage" && asked++ < 2 ? slower : undefined)
    const before = clock.unixMs()
    await expect(clock.during(group.changeSuite(3))).rejects.toMatchObject({ code: "suite_not_ready" })
    expect([asked, clock.unixMs() - before]).toEqual([3, 2000])
    for (const { client } of [alice, bob]) await clock.during(client.close())
  })
})
