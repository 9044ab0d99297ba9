import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { knownServers } from "./known-servers.ts"
import { MemoryStore } from "./memory-store.ts"
import { put } from "./store.ts"

const known = { fingerprint: "sha256-abc", certificatePem: "-----BEGIN CERTIFICATE-----" } as const

describe("known servers", () => {
  it("are remembered by host and port", async () => {
    const servers = knownServers(new MemoryStore())
    expect(await servers.load("example.org:7000")).toBeUndefined()
    await servers.save("example.org:7000", known)
    expect(await servers.load("example.org:7000")).toEqual(known)
    expect(await servers.load("example.org:7001")).toBeUndefined()
  })

  it("are never silently forgotten: a damaged record is an error", async () => {
    const store = new MemoryStore()
    await store.commit([put("known_servers", toUtf8("a:1"), Uint8Array.of(9))])
    await expect(knownServers(store).load("a:1")).rejects.toMatchObject({ code: "store_corrupt" })
  })
})
