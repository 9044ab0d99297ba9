import { describe, expect, it } from "vitest"
import { twoFriends } from "./people.ts"
import { TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"

describe("two people with roles", () => {
  it("change a group only as far as their role allows", async () => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, server.address)
    expect(await bob.qpc(["rename", "friends", "mine"])).toMatchObject({
      code: 1,
      err: "error: Your role in this group does not allow it. Ask an admin of the group.\n",
    })
    expect(await alice.qpc(["promote", "friends", "bob"])).toMatchObject({
      code: 0,
      out: "bob is an admin of friends now.\n",
    })
    expect(await bob.qpc(["rename", "friends", "family"])).toMatchObject({
      code: 0,
      out: "friends is called family now.\n",
    })
  })

  it("write no more in a group that is closed", async () => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, server.address)
    expect((await alice.qpc(["close", "friends"])).out).toBe("friends is closed: nobody can write in it any more.\n")
    await bob.qpc(["recv"])
    expect(await bob.qpc(["send", "friends", "one more thing"])).toMatchObject({
      code: 1,
      err: "error: The group is closed. Begin another group.\n",
    })
  })
})
