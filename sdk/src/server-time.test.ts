import { RpcError } from "@qpc/rpc"
import { describe, expect, it } from "vitest"
import { FakeServer } from "./testing/fake-server.ts"
import { newPerson, openPerson } from "./testing/person.ts"
import { TestClock } from "./testing/test-clock.ts"

/** A server whose key is known. */
function keyed() {
  const server = new FakeServer()
  server.deliveryKey = new Uint8Array(32).fill(5)
  return { clock: new TestClock(), server }
}

describe("asking a server for the time", () => {
  it("changes nothing where the server is of before there was such a question", async () => {
    const { clock, server } = keyed()
    const { client } = await newPerson(server, clock, "alice")
    expect(server.calls).toContain("askTime")
    expect(server.account("alice").keyPackages).toHaveLength(4)
    expect(await client.notices()).toEqual([])
  })

  it("is asked again before anything else, where it is not answered", async () => {
    const { clock, server } = keyed()
    const alice = await newPerson(server, clock, "alice")
    await clock.during(alice.client.close())
    server.account("alice").keyPackages.length = 0
    server.before = (method) =>
      method === "askTime" ? new RpcError("resource_exhausted", "rate_limited", "later") : undefined
    const { client } = await openPerson(server, clock, alice.disk)
    client.connect()
    await clock.during(client.sync({ waitMs: 5000 }).catch(() => undefined))
    expect(client.connectionState).toMatchObject({ at: "waiting", code: "rate_limited" })
    expect(server.account("alice").keyPackages).toHaveLength(0)
    server.before = () => undefined
    await clock.during(client.sync())
    expect(client.connectionState).toMatchObject({ at: "online" })
    await clock.during(client.close())
    expect(server.account("alice").keyPackages).toHaveLength(4)
  })

  it("is told of once, where the server answers without a signature", async () => {
    const { clock, server } = keyed()
    server.answerInstead = (method) =>
      method === "askTime" ? { nowMs: BigInt(clock.unixMs()), signature: new Uint8Array(0) } : undefined
    const { client } = await newPerson(server, clock, "alice")
    for (let times = 0; times < 2; times++) {
      server.cut()
      await clock.during(client.sync())
    }
    expect((await client.notices()).map(({ reason }) => reason)).toEqual(["server_time_refused"])
  })
})
