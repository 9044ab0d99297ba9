import { setTimeout as pause } from "node:timers/promises"
import type { Client, Conversation, StoredMessage } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { registerPerson } from "./people-in-process.ts"
import { freePort, TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"

const KILLS = 30
const GROUP = "survivors"
const alert = { answerWithinMs: 250 }

describe("a server that is killed again and again in the middle of traffic", () => {
  it(`loses nothing that it acknowledged and shows nothing twice, over ${KILLS} kills`, async () => {
    const seed = Number(process.env["QPC_SEED"] ?? Date.now() % 1_000_000)
    console.log(`QPC_SEED=${seed}`)
    using folder = new TestFolder()
    const port = await freePort()
    let server = await TestServer.start(folder.at("server"), port)
    await using alice = await registerPerson(folder.at("alice"), "alice", server.address, {
      transport: "quic",
      ...alert,
    })
    await using bob = await registerPerson(folder.at("bob"), "bob", server.address, { transport: "tls", ...alert })
    const groups = await meet(alice, bob)

    const talking = new AbortController()
    const talks = groups.map((group, speaker) => talk(group, speaker, talking.signal))
    const random = seeded(seed)
    for (let kill = 0; kill < KILLS; kill++) {
      await Promise.all([alice, bob].map(reconnected))
      await pause(20 + random() * 280) // When the blow falls is what the test varies; nothing waits for this.
      await server.kill()
      server = await TestServer.start(folder.at("server"), port)
    }
    talking.abort()
    const said = await Promise.all(talks)

    for (const client of [alice, bob]) {
      const report = await client.sync({ waitMs: 60_000, until: (so_far) => so_far.pending === 0 })
      expect(report.pending).toBe(0)
      expect(report.notices).toEqual([])
    }
    for (const client of [alice, bob]) await client.sync({ waitMs: 30_000 })
    await server[Symbol.asyncDispose]()

    const [byAlice, byBob] = said as [string[], string[]]
    expect(Math.min(byAlice.length, byBob.length)).toBeGreaterThan(KILLS)
    expect(await heard(groups[1])).toEqual(byAlice)
    expect(await heard(groups[0])).toEqual(byBob)
    for (const group of groups) expect(await states(group)).toEqual(new Set(["accepted", "received"]))
  }, 300_000)
})

async function meet(alice: Client, bob: Client): Promise<[Conversation, Conversation]> {
  const mine = await alice.createGroup(GROUP)
  const { id } = await mine.invite("bob")
  await mine.waitAccepted(id)
  await bob.sync({ waitMs: 30_000, until: () => bob.conversations().length === 1 })
  return [mine, bob.conversation(GROUP)]
}

/** Until the client is connected again, by itself, and said something since: the next blow falls into traffic. */
async function reconnected(client: Client): Promise<void> {
  for await (const event of client.events(new AbortController().signal)) {
    if (event.kind === "sent" && event.sent.state === "accepted") return
  }
}

/** Says one thing after the other, whatever happens to the server, and returns what was said, in order. */
async function talk(group: Conversation, speaker: number, signal: AbortSignal): Promise<string[]> {
  const said: string[] = []
  while (!signal.aborted) {
    const text = `${speaker}-${said.length}`
    const { id } = await group.send(text)
    said.push(text)
    // Every third message waits for its answer, so that some are acknowledged just before a blow and some are not sent.
    if (said.length % 3 === 0) await group.waitAccepted(id, { timeoutMs: 60_000 })
  }
  return said
}

const everything = (group: Conversation): Promise<readonly StoredMessage[]> => group.history({ limit: 1_000_000 })

async function heard(group: Conversation): Promise<string[]> {
  return (await everything(group)).filter((message) => !message.isOwn).map((message) => message.text)
}

async function states(group: Conversation): Promise<Set<string>> {
  return new Set((await everything(group)).map((message) => message.state))
}

/** A small generator (mulberry32), so that a failing run can be repeated. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
