import { createPrivateKey, createPublicKey } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { readIdentity } from "@qpc/sdk"
import { openSqliteStore } from "@qpc/sdk/node"
import { toUtf8 } from "@qpc/wire"
// oxlint-disable-next-line import/default -- a CommonJS module: what it exports is its default
import Database from "better-sqlite3-multiple-ciphers"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Person, twoFriends } from "./people.ts"
import { foundInMemory } from "./process-memory.ts"
import { TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"

const TEXTS = ["the heron nests behind the old mill", "bring the green umbrella on thursday"] as const
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex")

/** Everything that must never be at the server, by name. */
async function secretsOf(people: readonly Person[]): Promise<Map<string, Uint8Array>> {
  const secrets = new Map<string, Uint8Array>([
    ["a text of alice", toUtf8(TEXTS[0])],
    ["a text of bob", toUtf8(TEXTS[1])],
    ["a text of alice, in UTF-16", Buffer.from(TEXTS[0], "utf16le")],
    ["the group's name", toUtf8("birdwatchers of the mill")],
  ])
  for (const person of people) {
    secrets.set(`the password of ${person.name}`, toUtf8(person.password))
    secrets.set(`the private key of ${person.name}`, await identityPrivateKey(person))
  }
  return secrets
}

/** The 32 bytes in the stored identity whose public key is the identity key: found without knowing the record's form. */
async function identityPrivateKey(person: Person): Promise<Uint8Array> {
  await using store = await openSqliteStore({ folder: person.profile, password: person.password })
  const identity = await readIdentity(store)
  const record = await store.get("settings", toUtf8("identity"))
  for (let at = 0; at + 32 <= record!.length; at++) {
    const candidate = record!.slice(at, at + 32)
    const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, candidate]), format: "der", type: "pkcs8" })
    const publicKey = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32)
    if (publicKey.equals(identity!.identityKey)) return candidate
  }
  throw new Error("the private key is not in the store that must hold it")
}

/** Every value of every row of the server's database, opened with its key. */
function* storedValues(dataFolder: string): Generator<Uint8Array> {
  const database = new Database(join(dataFolder, "qpc-server.db"), { readonly: true })
  database.pragma("cipher = 'aegis'")
  database.key(Buffer.from(`raw:${readFileSync(join(dataFolder, "db.key"), "utf8").trim()}`))
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all() as string[]
  for (const table of tables) {
    for (const row of database.prepare(`SELECT * FROM "${table}"`).raw().iterate() as Iterable<unknown[]>) {
      for (const value of row) yield value instanceof Uint8Array ? value : toUtf8(String(value))
    }
  }
  database.close()
}

describe("a server after a conversation", () => {
  let folder: TestFolder
  let server: TestServer
  let secrets: Map<string, Uint8Array>

  beforeAll(async () => {
    folder = new TestFolder()
    server = await TestServer.start(folder.at("server"), 0, ["--log-level", "debug"])
    const { alice, bob } = await twoFriends(folder, server.address, "birdwatchers of the mill")
    await alice.json("send", "birdwatchers of the mill", TEXTS[0])
    await bob.json("recv")
    await bob.json("send", "birdwatchers of the mill", TEXTS[1])
    secrets = await secretsOf([alice, bob])
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  // Before the database test, which stops the server.
  it.runIf(process.platform === "linux")("has no plaintext, private key or password in its memory", () => {
    expect(foundInMemory(server.processId, new Map([["what is there", toUtf8("qpc-server")]]))).toEqual([
      "what is there",
    ])
    expect(foundInMemory(server.processId, secrets)).toEqual([])
  })

  it("has none in its log, although that is as talkative as it gets", () => {
    const log = Buffer.from(server.log)
    expect(log.includes("application")).toBe(true)
    for (const [name, secret] of secrets) expect(log.includes(secret), name).toBe(false)
  })

  it("has none in its database, even for somebody who has the database's key", async () => {
    await server.stop()
    const values = [...storedValues(folder.at("server"))]
    expect(values.some((value) => Buffer.from(value).includes("alice"))).toBe(true)
    for (const [name, secret] of secrets) {
      expect(
        values.some((value) => Buffer.from(value).includes(secret)),
        name,
      ).toBe(false)
    }
  })

  it("has nothing readable in its files without the database's key", () => {
    const files = readdirSync(folder.at("server")).filter((name) => name.startsWith("qpc-server.db"))
    expect(files.length).toBeGreaterThan(0)
    for (const name of files) expect(readFileSync(folder.at("server", name)).includes("alice"), name).toBe(false)
  })
})
