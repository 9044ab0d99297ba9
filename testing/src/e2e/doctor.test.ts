import { closeSync, cpSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { allowKeyReuse, resetNonceMonitor } from "@qpc/crypto/conformance"
import { suite0001 } from "@qpc/crypto/node"
import { decodeCapsule } from "@qpc/sdk"
import { openSqliteStore } from "@qpc/sdk/node"
import type { Collection } from "@qpc/sdk"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runCapsule } from "../simulate/capsule/run-capsule.ts"
import { Person, twoFriends } from "./people.ts"
import { freePort, qpc, TestServer } from "./programs.ts"
import type { Ended } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"
import { withClock } from "./with-clock.ts"

const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS

/** What `qpc doctor --json` printed: what is with whom. */
interface Found {
  readonly healthy: boolean
  readonly findings: readonly {
    readonly state: string
    readonly nextStep: string
    readonly facts: Readonly<Record<string, number>>
  }[]
}

const found = ({ out }: Ended): Found => JSON.parse(out) as Found
const statesOf = (ended: Ended): string[] => found(ended).findings.map(({ state }) => state)

/** Replaces the first record of a collection by noise, as a mistake of ours might. */
async function damageRecord(person: Person, collection: Collection): Promise<void> {
  await using store = await openSqliteStore({ folder: person.profile, password: person.password })
  const [row] = await store.list(collection, { limit: 1 })
  await store.commit([{ kind: "put", collection, key: row!.key, value: new Uint8Array([7, 7, 7]) }])
}

/** Overwrites the middle of a file with noise, as a failing disk does. */
function damageFile(path: string): void {
  const file = openSync(path, "r+")
  writeSync(file, Buffer.alloc(512, 0xa5), 0, 512, Math.floor(statSync(path).size / 2))
  closeSync(file)
}

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** States in which profiles are here, and that cannot be built in virtual time. */
const UNBUILT = new Set(["certificate_expired", "must_rejoin", "rejoin_given_up", "storage_damaged", "wrong_password"])

async function founded(person: Person): Promise<{ readonly name: string }> {
  return (await person.json("create-group", "garden")) as { readonly name: string }
}

describe("qpc doctor", () => {
  /** What each look wrote down for others. */
  const capsules: string[] = []
  const doctorAt = (person: Person, options: Parameters<Person["qpc"]>[1], ...words: string[]): Promise<Ended> => {
    const file = folder.at(`capsule ${capsules.length}.json`)
    capsules.push(file)
    return person.qpc(["--json", "doctor", "--capsule", file, ...words], options)
  }
  const doctor = (person: Person, ...words: string[]): Promise<Ended> => doctorAt(person, {}, ...words)

  let folder: TestFolder
  let port: number
  let server: TestServer
  let alice: Person
  let bob: Person

  beforeAll(async () => {
    folder = new TestFolder()
    port = await freePort()
    server = await TestServer.start(folder.at("server"), port)
    ;({ alice, bob } = await twoFriends(folder, server.address))
    await alice.json("recv")
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  it("prints a table that people can read, and ends with 0 where nothing is wrong", async () => {
    const ended = await alice.qpc(["doctor"])
    expect(ended).toMatchObject({ code: 0, err: "" })
    expect(ended.out).toBe("profile  ok     healthy  nothing is wrong\nfriends  ok     healthy  nothing is wrong\n")
  })

  it("says that messages wait at the server, and takes them in when asked to repair", async () => {
    await alice.json("send", "friends", "hello")
    const ended = await doctor(bob)
    expect([ended.code, statesOf(ended)]).toEqual([0, ["inbox_waiting", "healthy"]])
    const repaired = await bob.qpc(["doctor", "--repair"])
    expect([repaired.code, repaired.err]).toEqual([0, "Mended: inbox_waiting.\n"])
    expect((await bob.json("history", "friends"))["messages"]).toMatchObject([{ text: "hello" }])
  })

  it("finds what a killed process had written down, and sends it when the server is back", async () => {
    await server.kill()
    {
      await using chat = alice.live(["chat", "friends"])
      chat.type("written before the end")
      await chat.printed(/not connected/)
    }
    const ended = await doctor(alice)
    expect([ended.code, statesOf(ended)]).toEqual([0, ["waiting_for_network", "outbox_waiting"]])
    server = await TestServer.start(folder.at("server"), port)
    const repaired = await doctor(alice, "--repair")
    expect([repaired.code, statesOf(repaired)]).toEqual([0, ["healthy", "healthy"]])
    expect((await bob.json("recv"))["messages"]).toContainEqual(
      expect.objectContaining({ text: "written before the end" }),
    )
  })

  it("says that another process has the profile, with what to do", async () => {
    await using chat = alice.live(["chat", "friends"])
    await chat.printed(/Type and press/)
    const ended = await alice.qpc(["doctor"])
    expect(ended.code).toBe(1)
    expect(ended.out).toMatch(/profile {2}STUCK {2}profile_in_use {2}another qpc is using this profile\n {2}→ Close/)
  })

  it("says that the password is wrong", async () => {
    const ended = await qpc(["--profile", alice.profile, "--json", "doctor"], { env: { QPC_PASSWORD: "another" } })
    expect([ended.code, statesOf(ended)]).toEqual([1, ["wrong_password"]])
  })

  it("finds a clock that is off by a day, and by how much", async () => {
    const ended = await doctorAt(bob, { env: withClock(DAY_MS) })
    expect([ended.code, statesOf(ended)]).toEqual([1, expect.arrayContaining(["clock_wrong"])])
    const { facts } = found(ended).findings.find(({ state }) => state === "clock_wrong")!
    expect(Math.abs(facts["offsetMs"]! + DAY_MS)).toBeLessThan(60_000)
  })

  it.each([10 * YEAR_MS, -10 * YEAR_MS])(
    "reaches the server by a clock that is off by %d ms, and finds it",
    async (offsetMs) => {
      const ended = await doctorAt(bob, { env: withClock(offsetMs) })
      expect([ended.code, statesOf(ended)]).toEqual([1, expect.arrayContaining(["clock_wrong"])])
      const { facts } = found(ended).findings.find(({ state }) => state === "clock_wrong")!
      expect(Math.abs(facts["offsetMs"]! + offsetMs)).toBeLessThan(60_000)
    },
  )

  it("names a damaged record, deletes it only when it is told to, and opens the profile again", async () => {
    const carol = new Person("carol", folder)
    await carol.json("--server", server.address, "register-user", "carol")
    await damageRecord(carol, "key_packages")
    for (const words of [[], ["--repair"], ["--repair", "--yes", "--group", "friends"]]) {
      const ended = await doctor(carol, ...words)
      expect([ended.code, statesOf(ended)]).toEqual([1, ["record_damaged"]])
      expect(found(ended).findings[0]!.facts).toEqual({ collection: "key_packages" })
    }
    const repaired = await doctor(carol, "--repair", "--yes")
    expect([repaired.code, statesOf(repaired)]).toEqual([0, ["healthy"]])
  })

  it("goes on without a damaged group, says so with each command, and deletes its keys when it is told to", async () => {
    const dave = new Person("dave", folder)
    await dave.json("--server", server.address, "register-user", "dave")
    const { groupId } = (await dave.json("create-group", "work")) as { readonly groupId: string }
    await dave.json("send", "work", "a plan")
    await damageRecord(dave, "group_records")
    const id = groupId.slice(0, 8)
    const listed = await dave.qpc(["list"])
    expect([listed.code, listed.out]).toEqual([0, ""])
    expect(listed.err).toBe(
      `Group ${id} cannot be used: what is stored of it is damaged. qpc doctor --repair --yes deletes its keys and keeps its history; this device then asks the members to let it in again.\n`,
    )
    const refused = await dave.qpc(["send", id, "another"])
    expect([refused.code, refused.err]).toEqual([65, expect.stringContaining("qpc doctor --repair --yes")])
    expect((await dave.json("history", id))["messages"]).toMatchObject([{ text: "a plan" }])
    expect(await dave.json("send", (await founded(dave)).name, "elsewhere")).toMatchObject({ state: "accepted" })
    const ended = await doctor(dave)
    expect([ended.code, statesOf(ended)]).toEqual([1, ["healthy", "healthy", "group_damaged"]])
    const repaired = await dave.qpc(["doctor", "--repair", "--yes"])
    expect([repaired.code, repaired.err]).toEqual([0, `Mended: group_damaged of group ${id}.\n`])
    expect(await dave.json("list")).toMatchObject({
      groups: [{ name: "garden" }],
      damaged: [{ groupId, damage: "keys_deleted" }],
    })
  })

  it("says what else is wrong beside a damaged message, and deletes that one when it is told to", async () => {
    const frank = new Person("frank", folder)
    await frank.json("--server", server.address, "register-user", "frank")
    await founded(frank)
    await frank.json("send", "garden", "a text")
    await damageRecord(frank, "messages")
    await damageRecord(frank, "group_records")
    for (const words of [[], ["--repair"]]) {
      const ended = await doctor(frank, ...words)
      expect([ended.code, statesOf(ended)]).toEqual([1, ["record_damaged", "group_damaged"]])
    }
    const repaired = await frank.qpc(["--json", "doctor", "--repair", "--yes"])
    expect([repaired.code, statesOf(repaired)]).toEqual([0, ["healthy", "removed"]])
  })

  it("finds a profile that was copied, and says how to go on", async () => {
    const copy = new Person("alice", folder, alice.password)
    const elsewhere = folder.at("a copy")
    cpSync(alice.profile, elsewhere, { recursive: true })
    await alice.json("rename", "friends", "family")
    const words = ["--profile", elsewhere, "--password-file", copy.passwordFile, "--json"]
    await qpc([...words, "recv"])
    const ended = await qpc([...words, "doctor"])
    expect(ended.code).toBe(0)
    expect(found(ended).findings).toContainEqual(
      expect.objectContaining({
        state: "rejoining",
        nextStep: expect.stringContaining("remove you and to invite you again") as string,
      }),
    )
  })

  it("says that the database cannot be read", async () => {
    const erin = new Person("erin", folder)
    await erin.json("--server", server.address, "register-user", "erin")
    damageFile(join(erin.profile, "store.db"))
    const ended = await doctor(erin)
    expect([ended.code, statesOf(ended)]).toEqual([1, ["storage_damaged"]])
  })

  it("writes down for others what it found, for this user's eyes, and says to read it first", async () => {
    const file = folder.at("stuck.json")
    const { groups: ours } = (await alice.json("list")) as { readonly groups: readonly { readonly groupId: string }[] }
    await bob.json("recv")
    await alice.json("send", ours[0]!.groupId, "a secret")
    const ended = await bob.qpc(["doctor", "--capsule", file])
    expect(ended.code).toBe(0)
    expect(ended.out).toMatch(/^profile {2}waits/)
    expect(ended.err).toBe(
      `Wrote ${file}. It holds states and rough numbers, no names, texts, keys, ids, addresses or times. ` +
        "Read it before you send it to anybody.\n",
    )
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const text = readFileSync(file, "utf8")
    for (const secret of ["alice", "bob", "friends", "family", ours[0]!.groupId, "secret", "127.0.0.1", String(port)]) {
      expect(text).not.toContain(secret)
    }
    const { findings, groups } = decodeCapsule(text)
    expect(findings).toEqual([{ state: "inbox_waiting", facts: {} }])
    expect(groups).toMatchObject([{ group: 1, persons: 2, findings: [{ state: "healthy" }] }])
  })

  it("replaces no file by a capsule, and does nothing then", async () => {
    const file = folder.at("mine.txt")
    writeFileSync(file, "mine")
    const ended = await bob.qpc(["doctor", "--repair", "--capsule", file])
    expect(ended).toMatchObject({ code: 2, out: "" })
    expect(ended.err).toContain(`${file} exists already. Choose another name.`)
    expect(readFileSync(file, "utf8")).toBe("mine")
    expect(statesOf(await doctor(bob))).toContain("inbox_waiting")
  })

  it("writes a capsule of a profile that does not open, too", async () => {
    const file = folder.at("closed.json")
    await qpc(["--profile", alice.profile, "doctor", "--capsule", file], { env: { QPC_PASSWORD: "another" } })
    const { profile, findings } = decodeCapsule(readFileSync(file, "utf8"))
    expect([profile, findings]).toEqual([null, [{ state: "wrong_password", facts: {} }]])
  })

  it("has written down what the simulator can replay to the same state", async () => {
    expect(capsules.length).toBeGreaterThan(10)
    for (const file of capsules) {
      const { findings, groups } = decodeCapsule(readFileSync(file, "utf8"))
      const all = [findings, ...groups.map((group) => group.findings)].flat()
      const isUnbuilt = all.some(({ state }) => UNBUILT.has(state))
      resetNonceMonitor()
      const { exitCode, lines } = await allowKeyReuse("every replay has the same seed", () =>
        runCapsule(file, { suite: suite0001, drain }),
      )
      expect(exitCode, lines.join("\n")).toBe(isUnbuilt ? 3 : 0)
    }
  })

  it("takes --yes and --group only with --repair", async () => {
    expect(await alice.qpc(["doctor", "--yes"])).toMatchObject({ code: 2 })
    expect(await alice.qpc(["doctor", "--group", "friends"])).toMatchObject({ code: 2 })
  })
})
