import { readFile } from "node:fs/promises"
import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { ClientError } from "../client-error.ts"
import { MemoryStore } from "../memory-store.ts"
import type { MemoryDisk } from "../memory-store.ts"
import type { Collection } from "../store.ts"
import { FakeServer } from "../testing/fake-server.ts"
import { newPerson, openPerson } from "../testing/person.ts"
import type { Person } from "../testing/person.ts"
import { TestClock } from "../testing/test-clock.ts"
import { findDamage, forgetDamaged } from "./damage.ts"
import type { Diagnosis } from "./finding.ts"
import { MEANINGS } from "./meanings.ts"

const YEARS_MS = 10 * 365 * 86_400_000

/** Alice, who made the group, and bob, who is in; both connected for a moment. */
async function friends() {
  const clock = new TestClock()
  const server = new FakeServer()
  server.nowMs = () => clock.unixMs()
  const [alice, bob] = [await newPerson(server, clock, "alice"), await newPerson(server, clock, "bob")]
  const group = await clock.during(alice.client.createGroup("friends"))
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  for (const { client } of [alice, bob]) await clock.during(client.sync())
  await clock.during(alice.client.sync())
  return { clock, server, alice, bob, group }
}

/** The same, with both away. */
async function friendsAway() {
  const world = await friends()
  const { clock, server, alice, bob } = world
  await clock.during(alice.client.close())
  await clock.during(bob.client.close())
  const open = (who: Person, options?: Parameters<typeof openPerson>[3]) => openPerson(server, clock, who.disk, options)
  const connect = async (who: Person): Promise<Person> => {
    const person = await open(who)
    await clock.during(person.client.sync())
    return person
  }
  return { ...world, open, connect }
}

/** The monotonic half of a clock. */
const timersOf = (clock: TestClock) => ({
  nowMs: () => clock.nowMs(),
  setTimer: (delayMs: number, fire: () => void) => clock.setTimer(delayMs, fire),
})

const states = ({ findings }: Diagnosis): string[] => findings.map(({ state }) => state)

function copyOf(disk: MemoryDisk): MemoryDisk {
  return { collections: new Map([...disk.collections].map(([name, rows]) => [name, new Map(rows)])) }
}

/** Replaces one record by what nobody wrote. */
async function damageOne(disk: MemoryDisk, collection: Collection, key?: Uint8Array): Promise<void> {
  const store = new MemoryStore(disk)
  const [first] = await store.list(collection, { limit: 1 })
  await store.commit([{ kind: "put", collection, key: key ?? first!.key, value: new Uint8Array([9, 9, 9]) }])
}

const flipped = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1)

const parts = { suite: suite0001, random: nodeRandom }

describe("the doctor", () => {
  it("finds nothing where nothing is wrong", async () => {
    const { clock, alice } = await friends()
    const diagnosis = await clock.during(alice.client.diagnose())
    expect(states(diagnosis)).toEqual(["healthy", "healthy"])
    expect(diagnosis.isHealthy).toBe(true)
  })

  it("asks over the connection that there is", async () => {
    const { clock, server, alice } = await friends()
    server.calls.splice(0)
    await clock.during(alice.client.diagnose())
    expect(server.calls).toEqual(["health", "uploadKeyPackage", "fetchEpochs", "peek"])
  })

  it("changes nothing at the server, nor what is stored, by looking", async () => {
    const { clock, server, bob, open, alice } = await friendsAway()
    const again = await open(alice)
    await clock.during(
      again.client
        .conversation("friends")
        .send("hello")
        .then(() => again.client.sync()),
    )
    const before = copyOf(bob.disk)
    const waiting = server.account("bob").inbox.length
    const looked = await open(bob)
    expect(states(await clock.during(looked.client.diagnose()))).toEqual(["inbox_waiting", "healthy"])
    expect(server.account("bob").inbox.length).toBe(waiting)
    expect(copyOf(bob.disk)).toEqual(before)
  })

  it("says that the server cannot be reached, and what waits for it", async () => {
    const { clock, server, alice, open } = await friendsAway()
    const again = await open(alice)
    server.isUp = false
    await clock.during(again.client.conversation("friends").send("hello"))
    const diagnosis = await clock.during(again.client.diagnose())
    expect(states(diagnosis)).toEqual(["waiting_for_network", "outbox_waiting"])
    expect(diagnosis.isHealthy).toBe(true)
    server.isUp = true
    const { after } = await clock.during(again.client.repair())
    expect(states(after)).toEqual(["healthy", "healthy"])
  })

  it("names a change of the group that waits for the network, and those behind it", async () => {
    const { clock, server, alice, open } = await friendsAway()
    const again = await open(alice)
    server.isUp = false
    const group = again.client.conversation("friends")
    await clock.during(group.rename("one").then(() => group.rename("two")))
    const { findings } = await clock.during(again.client.diagnose())
    expect(findings.slice(1)).toMatchObject([
      { state: "pending_commit_sending", facts: { epoch: 1, intents: "rename" } },
      { state: "intent_waiting", facts: { intents: "rename" } },
    ])
  })

  it("tells a commit that has not come back yet from one that the server does not have any more", async () => {
    const { clock, server, alice, group } = await friends()
    const name = [...server.channels.keys()][0]!
    const channel = { ...server.channels.get(name)! }
    server.full.add("alice")
    await clock.during(group.rename("other"))
    await clock.during(alice.client.sync())
    await clock.during(alice.client.close())
    server.full.clear()
    const again = await openPerson(server, clock, alice.disk)
    expect(states(await clock.during(again.client.diagnose()))).toContain("pending_commit_unanswered")
    server.channels.set(name, channel)
    expect(states(await clock.during(again.client.diagnose()))).toContain("pending_commit_lost")
    const careful = await clock.during(again.client.repair())
    expect(states(careful.after)).toContain("pending_commit_lost")
    const { after } = await clock.during(again.client.repair({ mayLose: true }))
    expect(states(after)).not.toContain("pending_commit_lost")
    await clock.during(again.client.conversation("friends").rename("third"))
    await clock.during(again.client.sync())
    expect(again.client.conversations()[0]!.name).toBe("third")
  })

  it("mends a profile that is behind, and says so where the changes are gone", async () => {
    const { clock, server, alice, bob, open, connect } = await friendsAway()
    const again = await connect(alice)
    const group = again.client.conversation("friends")
    for (const name of ["one", "two"]) await clock.during(group.rename(name).then(({ id }) => group.waitAccepted(id)))
    server.account("bob").inbox.splice(0)
    const late = await open(bob)
    expect(states(await clock.during(late.client.diagnose()))).toContain("behind")
    const channel = [...server.channels.values()][0]!
    const { log } = channel
    channel.log = log.slice(-1)
    expect(states(await clock.during(late.client.diagnose()))).toContain("history_gone")
    channel.log = log
    const { after } = await clock.during(late.client.repair())
    expect(states(after)).toEqual(["healthy", "healthy"])
    expect(late.client.conversations()[0]!.name).toBe("two")
  })

  it("waits for a person where a change which the server has cannot be followed, whoever would let it in", async () => {
    const { clock, server, alice, bob, open, connect } = await friendsAway()
    const again = await connect(alice)
    const group = again.client.conversation("friends")
    await clock.during(group.rename("one").then(({ id }) => group.waitAccepted(id)))
    server.account("bob").inbox.splice(0)
    const channel = [...server.channels.values()][0]!
    channel.log = channel.log.map(({ epoch, data }) => ({ epoch, data: flipped(data) }))
    const late = await open(bob)
    const [own] = late.client.conversations()
    const { epoch } = own!
    const asked = (): number => server.delivered.get("alice")?.length ?? 0
    const askedBefore = asked()
    for (let times = 0; times < 2; times++) {
      const { after } = await clock.during(late.client.repair())
      expect(states(after)).toEqual(["healthy", "not_followed"])
      for (const { client } of [again, late]) await clock.during(client.sync())
      clock.advance(3_600_000)
    }
    expect(asked()).toBe(askedBefore)
    expect(own!.epoch).toBe(epoch)
    expect((await late.client.notices()).map(({ reason }) => reason)).toContain("not_followed")
    await clock.during(late.client.repair({ mayLose: true }))
    await clock.during(again.client.sync())
    await clock.during(late.client.sync({ waitMs: 600_000, until: () => own!.epoch === group.epoch }))
    expect(own!.epochAuthenticator).toEqual(group.epochAuthenticator)
  })

  it("finds messages that came before the change that they need", async () => {
    const { clock, server, alice, bob, open, connect } = await friendsAway()
    const again = await connect(alice)
    const group = again.client.conversation("friends")
    await clock.during(group.rename("one").then(({ id }) => group.waitAccepted(id)))
    await clock.during(group.send("hello").then(({ id }) => group.waitAccepted(id)))
    server.account("bob").inbox.shift()
    server.answerInstead = (method) =>
      method === "fetchCommits" ? { commits: [], oldestEpoch: 1n, newestEpoch: 1n } : undefined
    const late = await open(bob)
    await clock.during(late.client.sync())
    const { findings } = await clock.during(late.client.diagnose())
    expect(findings).toContainEqual(
      expect.objectContaining({ state: "parked_for_commit", facts: { epoch: 2, envelopeCount: 1 } }),
    )
    server.answerInstead = () => undefined
    await clock.during(late.client.close())
    const { after } = await clock.during((await open(bob)).client.repair())
    expect(states(after)).toEqual(["healthy", "healthy"])
  })

  it("finds a login that the server forgot", async () => {
    const { clock, server, alice, open } = await friendsAway()
    server.forgetSessions()
    const again = await open(alice, { password: () => Promise.resolve("alice's password") })
    const { before, after } = await clock.during(again.client.repair())
    expect(states(before)).toContain("logged_out")
    expect(states(after)).toEqual(["healthy", "healthy"])
  })

  it("finds that key packages ran out, and brings more", async () => {
    const { clock, server, bob, open } = await friendsAway()
    const account = server.account("bob")
    account.keyPackages.splice(0)
    account.lastResort!.uses = 1
    const again = await open(bob)
    expect(states(await clock.during(again.client.diagnose()))).toContain("key_packages_last_resort")
    account.keyPackages.push(new Uint8Array(1), new Uint8Array(2))
    expect(states(await clock.during(again.client.diagnose()))).toContain("key_packages_last_resort")
    account.keyPackages.splice(0)
    account.lastResort = undefined
    const { before, after } = await clock.during(again.client.repair())
    expect(states(before)).toContain("key_packages_none")
    expect(states(after)).toEqual(["healthy", "healthy"])
  })

  it("finds few key packages without making much of it", async () => {
    const { clock, server, bob } = await friends()
    server.account("bob").keyPackages.splice(1)
    const diagnosis = await clock.during(bob.client.diagnose())
    expect(diagnosis.findings[0]).toMatchObject({ state: "key_packages_low", facts: { availableCount: 1 } })
    expect(diagnosis.isHealthy).toBe(true)
  })

  it.each([YEARS_MS, -YEARS_MS])("finds a clock that is wrong by %d ms, and says by how much", async (wrongMs) => {
    const { clock, server, alice } = await friends()
    server.nowMs = () => clock.unixMs() + wrongMs
    const { findings, isHealthy } = await clock.during(alice.client.diagnose())
    expect(findings[0]).toMatchObject({ state: "clock_wrong", facts: { offsetMs: wrongMs } })
    expect(isHealthy).toBe(false)
  })

  it("finds without a network that the clock was set back behind what is stored", async () => {
    const { clock, server, alice, group } = await friends()
    await clock.during(group.send("hello"))
    server.isUp = false
    await clock.during(alice.client.close())
    const past = { ...timersOf(clock), unixMs: () => clock.unixMs() - YEARS_MS }
    const again = await openPerson(server, clock, alice.disk, { clock: past })
    const { findings } = await clock.during(again.client.diagnose())
    expect(findings).toContainEqual(
      expect.objectContaining({ state: "clock_wrong", facts: { offsetMs: expect.any(Number), knownBy: "profile" } }),
    )
  })

  it("finds a profile that was copied", async () => {
    const { clock, server, alice, connect } = await friendsAway()
    const copy = copyOf(alice.disk)
    const original = await connect(alice)
    const group = original.client.conversation("friends")
    await clock.during(group.rename("one").then(({ id }) => group.waitAccepted(id)))
    await clock.during(original.client.close())
    const restored = await openPerson(server, clock, copy)
    await clock.during(restored.client.sync())
    const { findings } = await clock.during(restored.client.diagnose())
    expect(findings).toContainEqual(
      expect.objectContaining({ state: "rejoining", facts: { cause: "must_rejoin", attempt: 1 } }),
    )
  })

  it("says who is out, and by whose wish, without calling it stuck", async () => {
    const { clock, alice, bob, group } = await friends()
    await clock.during(group.remove("bob").then(({ id }) => group.waitAccepted(id)))
    await clock.during(bob.client.sync())
    await clock.during(group.leave())
    await clock.during(alice.client.sync())
    const [removed, left] = [await clock.during(bob.client.diagnose()), await clock.during(alice.client.diagnose())]
    expect([states(removed), removed.isHealthy]).toEqual([["healthy", "removed"], true])
    expect([states(left), left.isHealthy]).toEqual([["healthy", "left"], true])
  })

  it("finds a full inbox that holds messages up", async () => {
    const { clock, server, alice, group } = await friends()
    server.full.add("bob")
    await clock.during(group.send("hello"))
    await clock.during(alice.client.sync({ waitMs: 2000 }))
    const { findings } = await clock.during(alice.client.diagnose())
    expect(findings.at(-1)).toMatchObject({ state: "outbox_full_inbox", facts: { messageCount: 1 } })
  })

  it("finds that the server lost what it had", async () => {
    const { clock, server, alice, bob } = await friends()
    const channel = [...server.channels.values()][0]!
    channel.epoch = 0n
    server.account("alice").newestSeq = 0n
    expect(states(await clock.during(alice.client.diagnose()))).toEqual(["server_lost_inbox", "server_behind"])
    server.channels.clear()
    expect(states(await clock.during(bob.client.diagnose()))).toContain("server_lost_group")
  })

  it("finds a server with another key", async () => {
    const { clock, server, alice, open } = await friendsAway()
    server.answerInstead = (method) =>
      method === "resumeSession"
        ? { username: "alice", identityKey: server.account("alice").identityKey, deliveryKey: new Uint8Array(31) }
        : undefined
    const again = await open(alice)
    expect(states(await clock.during(again.client.diagnose()))[0]).toBe("server_changed")
  })

  it("finds a disk that takes nothing more", async () => {
    const { clock, alice } = await friends()
    alice.store.isFull = true
    expect(states(await clock.during(alice.client.diagnose()))).toEqual(["disk_full"])
  })

  it("finds a profile without a user", async () => {
    const clock = new TestClock()
    const { client } = await openPerson(new FakeServer(), clock)
    expect(states(await clock.during(client.diagnose()))).toEqual(["not_registered"])
  })
})

describe("the doctor of what is stored", () => {
  it("finds nothing in a profile that is whole", async () => {
    const { alice } = await friendsAway()
    expect(await findDamage(new MemoryStore(alice.disk), parts)).toEqual({ findings: [], isHealthy: true })
  })

  it.each<Collection>(["key_packages", "contacts", "notices"])("finds a damaged record among the %s", async (name) => {
    const { alice } = await friendsAway()
    const key = toUtf8("00000001").slice(0, 8)
    await damageOne(alice.disk, name, name === "notices" ? key : undefined)
    const { findings } = await findDamage(new MemoryStore(alice.disk), parts)
    expect(findings).toMatchObject([{ state: "record_damaged", facts: { collection: name } }])
  })

  it("forgets a damaged group, so that all else opens and its owner can be invited again", async () => {
    const { clock, bob, alice, open, connect } = await friendsAway()
    await damageOne(bob.disk, "group_records")
    const store = new MemoryStore(bob.disk)
    expect((await findDamage(store, parts)).findings).toMatchObject([{ state: "group_damaged" }])
    await forgetDamaged(store, parts)
    const again = await open(bob)
    await clock.during(again.client.sync())
    const inviter = await connect(alice)
    const group = inviter.client.conversation("friends")
    await clock.during(group.remove("bob").then(({ id }) => group.waitAccepted(id)))
    await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
    await clock.during(again.client.sync())
    expect(again.client.conversation("friends").members()).toHaveLength(2)
    expect(states(await clock.during(again.client.diagnose())).slice(1)).toEqual(["healthy"])
  })

  it("deletes nothing of a profile whose private key cannot be read", async () => {
    const { alice } = await friendsAway()
    await damageOne(alice.disk, "settings", toUtf8("identity"))
    const before = copyOf(alice.disk)
    const { findings } = await forgetDamaged(new MemoryStore(alice.disk), parts)
    expect(findings).toMatchObject([{ state: "identity_damaged" }])
    expect(copyOf(alice.disk)).toEqual(before)
  })

  it("says what a store means that cannot be read at all", async () => {
    const broken = new MemoryStore()
    broken.get = () => Promise.reject(new ClientError("store_io", "the disk is gone", { nextStep: "Check it." }))
    expect((await findDamage(broken, parts)).findings).toMatchObject([{ state: "disk_failing" }])
  })
})

describe("the states of the doctor", () => {
  it.each(Object.keys(MEANINGS))("%s stands in the documentation", async (state) => {
    const text = await readFile(new URL("../../../docs/doctor.md", import.meta.url), "utf8")
    expect(text).toContain(`| \`${state}\` `)
  })
})
