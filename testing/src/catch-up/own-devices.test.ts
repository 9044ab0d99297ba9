import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { newMemoryDisk } from "@qpc/sdk"
import type { Client } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { enrolSecond } from "../simulate/enrol.ts"
import { Service } from "./service.ts"

const HOUR_MS = 3_600_000
/** Time goes by in such steps, between which whatever is under way goes on. */
const STEP_MS = 500
/** Longer than the first waits, and what follows from them. */
const SOON_MS = 10_000

/** Alice has two groups, stays connected, and has approved a second device that has not logged in yet. */
async function approved() {
  const service = await Service.open()
  const { clock } = service
  let fetchCount = 0
  const alice = await service.client(await service.enrol("alice"), {
    onTrace: ({ layer, direction, id }) => {
      if (layer === "rpc" && direction === "down" && id?.startsWith("fetchKeyPackage#") === true) fetchCount += 1
    },
  })
  alice.connect()
  for (const name of ["first", "second"]) await clock.during(alice.createGroup(name))
  const phone = { username: "alice", disk: newMemoryDisk() }
  const shown = await service.client(phone)
  const request = await clock.during(shown.requestLink("alice"))
  await clock.during(shown.close())
  await clock.during(alice.approveDevice(request))
  const logIn = async (): Promise<Client> => {
    const { storage } = service
    await enrolSecond({ suite: suite0001, random: nodeRandom, disk: phone.disk, storage, nowMs: clock.unixMs() })
    const client = await service.client(phone)
    client.connect()
    return client
  }
  /** Lets time go by in which nobody asks anything of the first device. */
  const pass = async (ms: number): Promise<void> => {
    for (let leftMs = ms; leftMs >= 0; leftMs -= STEP_MS) {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
      if (leftMs > 0) clock.advance(STEP_MS)
    }
  }
  return { service, clock, alice, logIn, pass, fetches: () => fetchCount }
}

const groupsOf = (client: Client): string[] =>
  client
    .conversations()
    .map(({ name }) => name)
    .toSorted()

describe("a second device that logs in while the first one stays connected", () => {
  it("comes into its groups within seconds", async () => {
    const { alice, logIn, pass } = await approved()
    await using phone = await logIn()
    await pass(SOON_MS)
    expect(groupsOf(phone)).toEqual(["first", "second"])
    await alice.close()
  })

  it("comes in within minutes if it took an hour, in which the first one asked less and less often", async () => {
    const { alice, logIn, pass, fetches } = await approved()
    await pass(HOUR_MS)
    // Once at approval, after 2, 4, … 256 s, then every five minutes.
    expect(fetches()).toBe(1 + 8 + 10)
    await using phone = await logIn()
    await pass(300_000 + SOON_MS)
    expect(groupsOf(phone)).toEqual(["first", "second"])
    const asked = fetches()
    await pass(HOUR_MS)
    expect(fetches()).toBe(asked)
    await alice.close()
  })

  it("comes into a group that is made afterwards", async () => {
    const { clock, alice, logIn, pass } = await approved()
    await using phone = await logIn()
    await pass(SOON_MS)
    await clock.during(alice.createGroup("third"))
    await pass(SOON_MS)
    expect(groupsOf(phone)).toEqual(["first", "second", "third"])
    await alice.close()
  })

  it("is not asked for any more once the first one is closed", async () => {
    const { clock, alice, pass, fetches } = await approved()
    await clock.during(alice.close())
    const asked = fetches()
    await pass(HOUR_MS)
    expect(fetches()).toBe(asked)
  })
})
