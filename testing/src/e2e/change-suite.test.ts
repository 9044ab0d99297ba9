import { describe, expect, it } from "vitest"
import { twoFriends } from "./people.ts"
import { TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"

describe("two people and the post-quantum cipher suite", () => {
  it("go on in the same conversation with it, and never back", async () => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const { alice, bob } = await twoFriends(folder, server.address)
    await bob.qpc(["send", "friends", "with the old keys"])
    expect(await alice.qpc(["change-suite", "friends", "x-wing"])).toMatchObject({
      code: 0,
      out: "friends goes on with x-wing: the same people, with new keys.\n",
    })
    await alice.qpc(["send", "friends", "with new ones"])
    const { out } = await bob.qpc(["recv"])
    expect(out).toContain("with new ones")
    expect((await alice.qpc(["history", "friends"])).out).toMatch(/with the old keys[^]*with new ones/)
    expect(await alice.qpc(["change-suite", "friends", "0x0001"])).toMatchObject({
      code: 1,
      err: "error: It would weaken the group. Begin another group if you must.\n",
    })
  }, 240_000)
})
