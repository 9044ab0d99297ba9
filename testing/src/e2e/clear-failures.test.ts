import { createServer } from "node:net"
import { closeSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Person, twoFriends } from "./people.ts"
import { type Ended, freePort, qpc, serverToItsEnd, TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"

/** SQLite's. */
const PAGE_BYTES = 4096

/** Exactly one line that begins with "error:" and ends like a sentence; nothing on standard output. */
function expectOneClearLine(ended: Ended, code: number, pattern: RegExp): void {
  expect({ code: ended.code, out: ended.out, err: ended.err }).toMatchObject({ code, out: "" })
  expect(ended.err).toMatch(/^error: [^\n]+[.:)\w]\n$/)
  expect(ended.err).toMatch(pattern)
}

/** Overwrites each page of a database but the first with noise, as a failing disk does: which of them a program reads is its own matter. */
function damage(path: string): void {
  const file = openSync(path, "r+")
  const noise = Buffer.alloc(statSync(path).size - PAGE_BYTES, 0xa5)
  writeSync(file, noise, 0, noise.length, PAGE_BYTES)
  closeSync(file)
}

describe("a person who uses qpc", () => {
  let folder: TestFolder
  let server: TestServer
  let friends: { alice: Person; bob: Person }

  beforeAll(async () => {
    folder = new TestFolder()
    server = await TestServer.start(folder.at("server"), 0)
    friends = await twoFriends(folder, server.address)
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  it("is told that the password is wrong", async () => {
    const wrong = folder.at("wrong.password")
    writeFileSync(wrong, "heliotrope\n")
    const ended = await qpc(["--profile", friends.alice.profile, "--password-file", wrong, "whoami"])
    expectOneClearLine(ended, 77, /password/i)
    expect(ended.err).not.toContain("heliotrope")
  })

  it("is told that nobody has that name", async () => {
    expectOneClearLine(await friends.alice.qpc(["invite", "friends", "nobody"]), 67, /nobody/)
  })

  it("is told that a user name is taken", async () => {
    const other = new Person("other", folder)
    expectOneClearLine(
      await other.qpc(["--server", server.address, "register-user", "alice"]),
      1,
      /somebody else has that username/i,
    )
  })

  it("is told which groups there are when one is unknown", async () => {
    expectOneClearLine(await friends.alice.qpc(["send", "foes", "hello"]), 67, /foes.*friends/)
  })

  it("is told how to begin when there is no profile", async () => {
    const nobody = new Person("nobody", folder)
    expectOneClearLine(await nobody.qpc(["whoami"]), 67, /register-user/)
  })

  it("is told when a password cannot be had, and is never asked to type it into the command line", async () => {
    const ended = await qpc(["--profile", friends.alice.profile, "whoami"])
    expectOneClearLine(ended, 2, /--password-file/)
  })

  it("is told that the command line is wrong", async () => {
    const ended = await friends.alice.qpc(["sned", "friends", "hello"])
    expect(ended.code).toBe(2)
    expect(ended.err).toContain("sned")
  })

  it("is told that the server cannot be reached", async () => {
    const late = new Person("late", folder)
    const port = await freePort()
    const ended = await late.qpc(["--server", `qpc://127.0.0.1:${port}`, "register-user", "late"])
    expectOneClearLine(ended, 69, new RegExp(String(port)))
  })

  it("is told that the server's key is not the one in its address", async () => {
    const careful = new Person("careful", folder)
    const address = server.address.replace(/sha256-.{6}/, "sha256-AAAAAA")
    expectOneClearLine(await careful.qpc(["--server", address, "register-user", "careful"]), 77, /key|fingerprint/)
  })

  it("is told that the store is damaged", async () => {
    const unlucky = new Person("unlucky", folder)
    await unlucky.json("--server", server.address, "register-user", "unlucky")
    damage(join(unlucky.profile, "store.db"))
    expectOneClearLine(await unlucky.qpc(["list"]), 65, /damaged|corrupt/i)
  })

  it("gets the same failures as JSON", async () => {
    const ended = await friends.alice.qpc(["--json", "invite", "friends", "nobody"])
    expect(JSON.parse(ended.err)).toMatchObject({
      error: { code: "user_unknown", nextStep: expect.any(String) as string },
    })
  })
})

describe("a person who runs qpc-server", () => {
  it("is told that the port is taken, and by which option to change it", async () => {
    using folder = new TestFolder()
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve))
    const { port } = squatter.address() as { readonly port: number }
    const ended = await serverToItsEnd(["--listen", `127.0.0.1:${port}`, "--data-dir", folder.at("data")])
    squatter.close()
    expect(ended.code).toBe(69)
    expect(ended.err.trim().split("\n")).toHaveLength(1)
    expect(ended.err).toContain(String(port))
  })

  it("is told that the store is damaged, and which file it is", async () => {
    using folder = new TestFolder()
    const server = await TestServer.start(folder.at("data"), 0)
    await server.stop()
    const database = readdirSync(folder.at("data")).find((name) => name.endsWith(".db"))!
    damage(folder.at("data", database))
    const ended = await serverToItsEnd(["--listen", "127.0.0.1:0", "--data-dir", folder.at("data")])
    expect(ended.code).toBe(65)
    expect(ended.err.trim().split("\n")).toHaveLength(1)
    expect(ended.err).toContain(database)
  })

  it("is told about an option that does not exist", async () => {
    const ended = await serverToItsEnd(["--lisen", "127.0.0.1:0"])
    expect(ended.code).toBe(2)
    expect(ended.err).toContain("--lisen")
  })

  it("stops with exit code 0 when asked to", async () => {
    using folder = new TestFolder()
    const server = await TestServer.start(folder.at("data"), 0)
    expect(await server.stop()).toBe(0)
  })
})
