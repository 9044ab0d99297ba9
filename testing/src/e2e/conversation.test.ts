import { describe, expect, it } from "vitest"
import { Person, textsOf, twoFriends } from "./people.ts"
import { TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"

describe("two people with a server and two shells", () => {
  it("talk in a group over QUIC, and each sees what the other said once", async () => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, server.address)

    expect(await alice.qpc(["send", "friends", "hello", "bob"])).toMatchObject({ code: 0, out: "Sent to friends.\n" })
    const first = await bob.qpc(["recv"])
    expect(first.out).toMatch(/^\[friends\] \d\d:\d\d alice: hello bob\n$/)
    expect((await bob.qpc(["recv"])).out).toBe("No new messages.\n")

    await bob.qpc(["send", "friends"], { input: "hello alice\n" })
    expect(textsOf(await alice.json("recv", "friends"))).toEqual(["hello alice"])
    expect(textsOf(await alice.json("history", "friends"))).toEqual(["hello bob", "hello alice"])
    expect(textsOf(await bob.json("history", "friends"))).toEqual(["hello bob", "hello alice"])
  })

  it.each(["quic", "tls"])("use %s when told to, and the trace names it", async (transport) => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const alice = new Person("alice", folder)
    await alice.json("--server", server.address, "register-user", "alice")
    await alice.json("create-group", "notes")
    const { err, code } = await alice.qpc(["--trace", "--transport", transport, "send", "notes", "a secret thought"])
    expect(code).toBe(0)
    expect(err).toContain(transport)
    expect(err).not.toContain("secret thought")
  })

  it("agree on who is in the group and on its keys", async () => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, server.address)
    const [a, b] = [await alice.json("members", "friends"), await bob.json("members", "friends")]
    expect(a["epochAuthenticator"]).toEqual(b["epochAuthenticator"])
    expect((a["members"] as unknown[]).length).toBe(2)
  })

  it("agree on the new keys after one of them has updated theirs", async () => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, server.address)
    const before = await bob.json("members", "friends")
    expect(await alice.qpc(["update-keys", "friends"])).toMatchObject({
      code: 0,
      out: "Your keys in friends are new.\n",
    })
    await bob.json("recv")
    const [a, b] = [await alice.json("members", "friends"), await bob.json("members", "friends")]
    expect(a["epochAuthenticator"]).toEqual(b["epochAuthenticator"])
    expect(a["epochAuthenticator"]).not.toEqual(before["epochAuthenticator"])
  })

  it("send what was written while the server was away, once it is back", async () => {
    using folder = new TestFolder()
    const first = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, first.address)
    const port = Number(/:(\d+)#/.exec(first.address)?.[1])
    await first.stop()
    const away = await alice.qpc(["send", "friends", "are you there?"])
    expect(away.code).toBe(69)
    expect(away.err).toMatch(/The message is stored\. It is sent the next time/)

    await using second = await TestServer.start(folder.at("server"), port)
    expect(second.address).toBe(first.address)
    await alice.json("recv")
    expect(textsOf(await bob.json("recv"))).toEqual(["are you there?"])
  })

  it("stop reaching someone who was removed", async () => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, server.address)
    await alice.json("remove", "friends", "bob")
    await alice.json("send", "friends", "now we are among ourselves")
    expect(textsOf(await bob.json("recv"))).toEqual([])
    expect((await bob.qpc(["send", "friends", "hello?"])).code).not.toBe(0)
    expect((await bob.qpc(["list"])).out).toContain("you were removed")
  })
})
