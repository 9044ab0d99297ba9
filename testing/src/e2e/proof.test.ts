import { cpSync, writeFileSync } from "node:fs"
import { suite0001 } from "@qpc/crypto/node"
import { encodeEquivocation, findEquivocation, firstLogHead, nextLogHead, signLogHead } from "@qpc/envelope"
import { toGroupId, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Person, twoFriends } from "./people.ts"
import { qpc, TestServer } from "./programs.ts"
import { TestFolder } from "./test-folder.ts"

const liar = suite0001.signatureKeyPair(new Uint8Array(32).fill(7))
const groupId = toGroupId(new Uint8Array(16).fill(0xab))

/** Two heads of one epoch, signed by a server that should not have. */
function proofBytes(): Uint8Array {
  const first = firstLogHead(suite0001, groupId, 4n)
  const signed = [1, 2].map((commit) => {
    const [commitHash, authenticatorHash] = [new Uint8Array(32).fill(commit), new Uint8Array(32)]
    const head = nextLogHead(suite0001, first, { commitHash, authenticatorHash, acceptedAtMs: 0 })
    return signLogHead(suite0001, liar.privateKey, head)
  })
  return encodeEquivocation(findEquivocation(suite0001, liar.publicKey, signed[0]!, signed[1]!)!)
}

/** Alice and Bob, both admins of a group, at a server that has stopped. */
async function friendsAt(folder: TestFolder) {
  await using server = await TestServer.start(folder.at("server"), 0)
  const { alice, bob } = await twoFriends(folder, server.address)
  await alice.json("promote", "friends", "bob")
  await bob.json("recv")
  return { alice, bob, address: server.address }
}

describe("qpc proof", () => {
  it("is checked by somebody who has neither a profile nor the group", async () => {
    using folder = new TestFolder()
    const file = folder.at("lie.proof")
    writeFileSync(file, proofBytes())
    const verified = await qpc(["proof", "verify", file, "--server-key", toHex(liar.publicKey)])
    expect(verified).toMatchObject({ code: 0 })
    expect(verified.out).toContain(`It is proven: the server with the delivery key ${toHex(liar.publicKey)}`)
    expect(verified.out).toContain(`two histories of the group ${toHex(groupId)} up to epoch 5:`)
    const other = await qpc(["proof", "verify", file, "--server-key", "00".repeat(32)])
    expect(other.code).toBe(1)
    expect(other.out).toContain("Nothing is proven")
  })

  it("comes from one message, where an operator runs two servers with one key, and stops changes of the group", async () => {
    using folder = new TestFolder()
    const { alice, bob, address } = await friendsAt(folder)
    // The same server, twice, from here on.
    cpSync(folder.at("server"), folder.at("other"), { recursive: true })
    await using one = await TestServer.start(folder.at("server"), Number(new URL(address).port))
    expect(one.address).toBe(address)
    {
      await using other = await TestServer.start(folder.at("other"), 0)
      await bob.json("--server", other.address, "rename", "friends", "hers")
    }
    await alice.json("rename", "friends", "mine")
    await bob.json("send", "hers", "what is the group called?")
    const received = await alice.qpc(["recv"])
    expect(received.err).toContain("The server has signed two different histories of a group")
    const file = folder.at("lie.proof")
    const exported = await alice.json("proof", "export", file)
    const key = String(exported["serverKey"])
    expect(await bob.json("proof", "verify", file, "--server-key", key)).toMatchObject({ isProven: true, epoch: "3" })
    expect(await alice.qpc(["rename", "mine", "other"])).toMatchObject({ code: 1 })
  }, 300_000)

  it("says what is wrong with the command line", async () => {
    using folder = new TestFolder()
    expect(await qpc(["proof", "verify", folder.at("none"), "--server-key", "xyz"])).toMatchObject({ code: 2 })
    expect(await qpc(["proof", "verify", folder.at("none"), "--server-key", "00".repeat(32)])).toMatchObject({
      code: 2,
    })
    expect(await qpc(["proof", "dance"])).toMatchObject({
      code: 2,
      err: "error: There is no action dance. Use list, export, verify or continue.\n",
    })
  })

  it("has nothing against an honest server, and shows its key", async () => {
    using folder = new TestFolder()
    await using server = await TestServer.start(folder.at("server"), 0)
    const alice = new Person("alice", folder)
    await alice.json("--server", server.address, "register-user", "alice")
    const listed = await alice.qpc(["proof", "list"])
    expect(listed.out).toMatch(/^The server's delivery key is [0-9a-f]{64}\.\nNothing proves that it lied\.\n$/)
    expect(await alice.qpc(["proof", "export", folder.at("x")])).toMatchObject({ code: 67 })
    expect(await alice.qpc(["proof", "continue"])).toMatchObject({ code: 0, out: "Nothing was halted.\n" })
  })
})
