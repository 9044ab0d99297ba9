import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openClient } from "@qpc/sdk"
import type { Client, ClientLimits, TraceLine } from "@qpc/sdk"
import { knownServers, nodeClientParts, openSqliteStore } from "@qpc/sdk/node"
import { startServer } from "@qpc/server"
import type { RunningServer } from "@qpc/server"
import { dialer, parseServerAddress } from "@qpc/transport-quic"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const folder = mkdtempSync(join(tmpdir(), "qpc-sdk-"))
const stretching = { memoryKiB: 64, passes: 1, parallelism: 1 }
let server: RunningServer
const serverOptions = { "data-dir": join(folder, "server"), listen: "127.0.0.1:0", "log-level": "error" }
beforeAll(async () => {
  server = await startServer({ options: serverOptions })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const passwordOf = (username: string): string => `${username}'s password`

async function open(
  username: string,
  onTrace?: (line: TraceLine) => void,
  limits: Partial<ClientLimits> = {},
): Promise<Client> {
  const store = await openSqliteStore({ folder: join(folder, username), password: passwordOf(username), stretching })
  const { host, port, fingerprint } = parseServerAddress(server.address)
  const pin = { store: knownServers(store), ...(fingerprint === undefined ? {} : { fingerprint }) }
  const dial = dialer({ host, port, pin })
  const parts = { ...nodeClientParts(), store, dial, serverAddress: server.address, limits }
  return openClient({ ...parts, ...(onTrace && { onTrace }) })
}

const texts = (messages: readonly { readonly text: string }[]): string[] => messages.map(({ text }) => text)

describe("sdk and server", () => {
  it("register, invite, talk, close and go on where they were", async () => {
    {
      await using alice = await open("alice")
      await using bob = await open("bob")
      await alice.register("alice", passwordOf("alice"))
      await bob.register("bob", passwordOf("bob"))
      const group = await alice.createGroup("friends")
      const invited = await group.invite("bob")
      await group.waitAccepted(invited.id)
      await bob.sync()
      const sent = await group.send("hello bob")
      await group.waitAccepted(sent.id)
      await bob.sync()
      await alice.close()
      const bobs = bob.conversation("friends")
      expect(texts(await bobs.history())).toEqual(["hello bob"])
      const answered = await bobs.send("hello alice")
      await bobs.waitAccepted(answered.id)
    }
    const lines: TraceLine[] = []
    await using alice = await open("alice", (line) => void lines.push(line))
    const report = await alice.sync()
    expect(texts(await alice.conversation("friends").history())).toEqual(["hello bob", "hello alice"])
    expect(texts(report.received)).toEqual(["hello alice"])
    expect(new Set(lines.map(({ layer }) => layer))).toEqual(
      new Set(["sdk", "store", "gtp", "gbp", "mls", "envelope", "rpc", "transport"]),
    )
  })

  it("refuses a wrong password, an unknown user and a taken name, each with its own code", async () => {
    await using carol = await open("carol")
    await expect(carol.login("carol", "x")).rejects.toMatchObject({ code: "identity_missing" })
    await carol.register("carol", passwordOf("carol"))
    await expect(carol.login("carol", "wrong")).rejects.toMatchObject({ code: "login_refused" })
    await expect(carol.login("carol", passwordOf("carol"))).resolves.toMatchObject({ username: "carol" })
    const group = await carol.createGroup("lonely")
    await expect(group.invite("nobody")).rejects.toMatchObject({ code: "user_unknown" })
    await using impostor = await open("impostor")
    await expect(impostor.register("carol", "mine")).rejects.toMatchObject({ code: "username_taken" })
  })

  it("invite somebody whose key packages are exhausted by the last-resort one, and replace that", async () => {
    const limits = { keyPackageStock: 2, keyPackageLow: 1 }
    await using frank = await open("frank", undefined, limits)
    await using gina = await open("gina")
    await frank.register("frank", passwordOf("frank"))
    await gina.register("gina", passwordOf("gina"))
    const inviteToNew = async (name: string): Promise<void> => {
      const group = await gina.createGroup(name)
      await group.waitAccepted((await group.invite("frank")).id)
    }
    for (const name of ["one", "two", "three", "four"]) await inviteToNew(name)
    const told = await gina.notices()
    expect(told.map(({ reason, person }) => [reason, person?.username])).toEqual([
      ["invited_by_last_resort", "frank"],
      ["invited_by_last_resort", "frank"],
    ])
    await frank.sync({ until: ({ notices }) => notices.some(({ reason }) => reason === "last_resort_used") })
    expect(frank.conversations().map(({ name }) => name)).toHaveLength(4)
    await frank.sync()
    await inviteToNew("five")
    expect(await gina.notices()).toHaveLength(2)
  })

  it("survives a restart of the server while connected", async () => {
    await using dave = await open("dave")
    await using erin = await open("erin")
    await dave.register("dave", passwordOf("dave"))
    await erin.register("erin", passwordOf("erin"))
    const group = await dave.createGroup("restarted")
    await group.waitAccepted((await group.invite("erin")).id)
    await erin.sync()
    const { port } = server
    await server.close()
    const stored = await group.send("while nobody was there")
    expect(stored.state).toBe("stored")
    server = await startServer({ options: { ...serverOptions, listen: `127.0.0.1:${port}` } })
    await group.waitAccepted(stored.id)
    await erin.sync({ until: (report) => report.received.length > 0, waitMs: 10_000 })
    expect(texts(await erin.conversation("restarted").history())).toEqual(["while nobody was there"])
  })
})
