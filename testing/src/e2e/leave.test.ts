import { describe, expect, it } from "vitest"
import { twoFriends } from "./people.ts"
import { TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"

describe("leaving a group from a shell", () => {
  it("is asked for by one and carried out by the other, whenever they come", async () => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, server.address)
    await using hers = alice.live(["chat", "friends"])
    await hers.printed(/\(connected\)/)
    expect(await bob.qpc(["leave", "friends"])).toMatchObject({ code: 0, out: "You left friends.\n" })
    await hers.printed(/bob left\.\n/)
    expect((await bob.qpc(["list"])).out).toMatch(/^friends \(.*\), you left\n$/)
  })
})
