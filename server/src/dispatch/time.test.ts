import { suite0001 } from "@qpc/crypto/node"
import { verifyServerTime } from "@qpc/envelope"
import { methods } from "@qpc/rpc"
import { describe, expect, it } from "vitest"
import { MemoryStorage } from "../storage/memory-storage.ts"
import { join, virtualServer } from "../testing/virtual-server.ts"

const nonce = new Uint8Array(32).fill(9)

describe("asking for the time", () => {
  it("is answered for this nonce, under the key that signs the log of epochs", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const { rpc, token } = await join(host, "alice", 1)
    const { deliveryKey } = await (await host.connect()).call(methods.resumeSession, { sessionToken: token })
    host.clock.advance(1500)
    const { nowMs, signature } = await rpc.call(methods.askTime, { nonce })
    expect(nowMs).toBe(BigInt(host.clock.unixMs()))
    expect(verifyServerTime(suite0001, deliveryKey, { nonce, unixMs: nowMs }, signature)).toBe(true)
    const other = await rpc.call(methods.askTime, { nonce: new Uint8Array(32) })
    expect(verifyServerTime(suite0001, deliveryKey, { nonce, unixMs: nowMs }, other.signature)).toBe(false)
  })

  it("needs a session, so that strangers cannot have the server sign", async () => {
    await using host = await virtualServer(new MemoryStorage())
    const rpc = await host.connect()
    await expect(rpc.call(methods.askTime, { nonce })).rejects.toMatchObject({ code: "unauthenticated" })
  })

  it("is counted like other calls", async () => {
    await using host = await virtualServer(new MemoryStorage(), { "request-rate": "2/10s" })
    const { rpc } = await join(host, "alice", 1)
    for (let i = 0; i < 2; i++) await rpc.call(methods.askTime, { nonce })
    await expect(rpc.call(methods.askTime, { nonce })).rejects.toMatchObject({ reason: "rate_limited" })
  })

  it.each([0, 16, 33])("is refused with a nonce of %d bytes", async (lengthBytes) => {
    await using host = await virtualServer(new MemoryStorage())
    const { rpc } = await join(host, "alice", 1)
    const asked = rpc.call(methods.askTime, { nonce: new Uint8Array(lengthBytes) })
    await expect(asked).rejects.toMatchObject({ reason: "malformed" })
  })
})
