import { describe, expect, it } from "vitest"
import { twoFriends } from "./people.ts"
import { TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"

describe("a live chat", () => {
  it("shows what was said before, what others say, and sends what is typed", async () => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, server.address)
    await alice.json("send", "friends", "said before")

    await using hers = alice.live(["chat", "friends"])
    await hers.printed(/friends, you and 1 other.*\n.*you: said before\n/)
    await using his = bob.live(["chat", "friends"])
    await his.printed(/alice: said before\n/)

    hers.type("are you there?")
    await his.printed(/alice: are you there\?\n/)
    his.type("I am")
    await hers.printed(/bob: I am\n/)

    expect(await his.leave()).toBe(0)
    hers.type("bye")
    hers.type("/quit")
    expect(await hers.leave()).toBe(0)
    expect((await bob.qpc(["recv"])).out).toMatch(/alice: bye\n$/)
  })

  it("keeps what is typed while the server is away and sends it when it is back, by itself", async () => {
    using folder = new TestFolder()
    const first = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, first.address)
    await using hers = alice.live(["--transport", "tls", "chat", "friends"])
    await hers.printed(/\(connected\)/)
    await first.kill()
    await hers.printed(/not connected/)
    hers.type("typed into the void")

    const port = Number(/:(\d+)#/.exec(first.address)?.[1])
    await using second = await TestServer.start(folder.at("server"), port)
    expect(second.address).toBe(first.address)
    expect((await bob.json("recv", "friends", "--wait", "60"))["messages"]).toMatchObject([
      { text: "typed into the void" },
    ])
  })
})
