import { describe, expect, it } from "vitest"
import { Person, textsOf, twoFriends } from "./people.ts"
import { TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"

describe("a second device, linked from two shells", () => {
  it("is approved on the first, reads and writes as one person, and can be taken back", async () => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, server.address)
    const phone = new Person("phone", folder, alice.password)
    const link = ["--server", server.address, "device", "link", "alice"]

    const asked = await phone.json(...link)
    expect(asked).toMatchObject({ isApproved: false })
    const request = String(asked["request"])
    expect((await alice.qpc(["device", "approve", `${request.slice(1)}0`])).err).toContain("This is no request")
    const { deviceKey } = await alice.json("device", "approve", request)
    const { identityKey } = await alice.json("whoami")
    expect(await phone.json(...link)).toMatchObject({ isApproved: true, identityKey })
    expect(await alice.json("device", "list")).toMatchObject({ devices: [{ deviceKey, isRevoked: false }] })

    await alice.json("recv", "friends")
    await phone.json("join", "friends")
    await bob.json("recv", "friends")
    await bob.json("send", "friends", "hello to both of you")
    expect(textsOf(await phone.json("recv", "friends"))).toEqual(["hello to both of you"])
    await phone.json("send", "friends", "from the phone")
    await alice.json("recv", "friends")
    const hers = await alice.json("history", "friends")
    expect(textsOf(hers)).toEqual(["hello to both of you", "from the phone"])
    expect(hers).toMatchObject({ messages: [{ isOwn: false }, { isOwn: true, state: "accepted" }] })
    const his = await bob.json("history", "friends")
    expect(textsOf(await bob.json("recv", "friends"))).toEqual(["from the phone"])
    expect(his).toMatchObject({ messages: [{ isOwn: true }] })
    expect((await bob.qpc(["members", "friends"])).out).toMatch(/^alice .*\nbob .*\n$/)

    const id = String(deviceKey).slice(0, 8)
    expect((await alice.qpc(["device", "remove", id])).out).toMatch(/ is no device of yours any more\./)
    expect((await phone.qpc(["recv", "friends"])).code).not.toBe(0)
    await bob.json("send", "friends", "is she gone?")
    expect(textsOf(await alice.json("recv", "friends"))).toEqual(["is she gone?"])
    expect(await alice.json("device", "list")).toMatchObject({ devices: [{ deviceKey, isRevoked: true }] })
  }, 300_000)
})
