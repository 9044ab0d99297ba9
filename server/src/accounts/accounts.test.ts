import { client as opaque } from "@serenity-kit/opaque"
import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { toConfiguration } from "../config/configuration.ts"
import { MemoryStorage } from "../storage/memory-storage.ts"
import { VirtualServerClock } from "../testing/server-clock.ts"
import { Accounts } from "./accounts.ts"
import { OpaqueServer } from "./opaque-server.ts"

async function accounts() {
  const storage = new MemoryStorage()
  const clock = new VirtualServerClock()
  const opened = new Accounts({
    storage,
    opaque: await OpaqueServer.open(storage),
    suite: suite0001,
    clock,
    random: nodeRandom,
    limits: toConfiguration({}).limits,
    isRegistrationOpen: true,
  })
  const start = async (password: string) => {
    const { startLoginRequest } = opaque.startLogin({ password })
    return opened.startLogin("alice", new Uint8Array(Buffer.from(startLoginRequest, "base64url")), "address")
  }
  return { clock, opened, start }
}

describe("the answer to a login", () => {
  it("has the same length for everybody and differs every time", async () => {
    const { start } = await accounts()
    const [first, second] = [await start("x"), await start("x")]
    expect(first.response).toHaveLength(320)
    expect(first.response).not.toEqual(second.response)
  })

  it("evaluates one name the same way every time, so that an unknown one cannot be told by asking twice", async () => {
    const { opened } = await accounts()
    const request = new Uint8Array(Buffer.from(opaque.startLogin({ password: "x" }).startLoginRequest, "base64url"))
    const evaluated = async (name: string) =>
      Array.from((await opened.startLogin(name, request, "address")).response.subarray(0, 32))
    expect(await evaluated("nobody")).toEqual(await evaluated("nobody"))
    expect(await evaluated("nobody")).not.toEqual(await evaluated("nobody2"))
  })

  it.each([new Uint8Array(95), new Uint8Array(96).fill(0xff), new Uint8Array(0)])(
    "is a refusal for bytes that are no request",
    async (request) => {
      const { opened } = await accounts()
      await expect(opened.startLogin("alice", request, "address")).rejects.toMatchObject({ reason: "malformed" })
      await expect(opened.startRegistration("alice", request)).rejects.toMatchObject({ reason: "malformed" })
    },
  )

  it("is of no use after two minutes", async () => {
    const { opened, clock, start } = await accounts()
    const { pending } = await start("x")
    clock.advance(120_001)
    const proof = { deviceKey: new Uint8Array(32), deviceProof: new Uint8Array(64) }
    const finished = opened.finishLogin(pending, "alice", new Uint8Array(64), proof)
    await expect(finished).rejects.toMatchObject({ reason: "login_refused" })
  })
})
