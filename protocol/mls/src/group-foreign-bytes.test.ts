import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Party } from "./testing/party.ts"

const noData = new Uint8Array(0)

describe("a group among hostile bytes", () => {
  it("refuses a PSK with a name of half a megabyte, and does not fall over", () => {
    const party = Party.of("long PSK name", ["alice", "bob"])
    const psks = [{ kind: "external", pskId: new Uint8Array(500_000) } as const]
    const { commit } = party.stage("bob", { psks, pskLookup: () => toUtf8("secret") })
    expect(party.hear("alice", commit)).toBe("psk_missing")
  })

  it("keeps nothing of a message or an option that its owner writes to later", () => {
    const party = Party.of("borrowed", ["alice", "bob"])
    const extensionData = toUtf8("application id")
    const extensions = [{ extensionType: 1, extensionData }]
    const { commit, staged } = party.stage("bob", { extensions, wireFormat: "public" })
    const buffer = commit.slice()
    party.follow("alice", buffer)
    party.group("bob").merge(staged)
    buffer.fill(0xff)
    extensionData.fill(0xff)
    party.commit("bob")
    expect(party.group("alice").extensions).toEqual([{ extensionType: 1, extensionData: toUtf8("application id") }])
  })

  it("returns for every mutation of every message, moves only when it accepts, and still takes the original", () => {
    const policy = { proposals: true, newMemberProposals: true, externalCommits: true }
    const party = Party.of("mutations", ["alice", "bob", "carol"], { policy })
    const { random, nowMs } = party
    const about = { authenticatedData: noData, random }
    const alice = party.group("alice")
    const carol = party.group("carol")
    const application = party.say("bob", "hello")
    const proposals = (["private", "public"] as const).map((wireFormat) => {
      const proposed = carol.propose({ kind: "update" }, { ...about, wireFormat })
      if (proposed.kind === "refused") throw new Error(proposed.reason)
      return proposed.message
    })
    const adds = [party.keyPackage("dave").keyPackage]
    const commits = (["private", "public"] as const).map((wireFormat) => {
      const staged = party.group("bob").stageCommit({ adds, forcePath: true, ...about, nowMs, wireFormat })
      if (staged.kind === "refused") throw new Error(staged.reason)
      party.group("bob").clear(staged.staged)
      return staged.commit
    })
    let state = alice.toBytes()
    const next = xorshift(0x9420)
    for (const message of [application, ...proposals, ...commits]) {
      for (let run = 0; run < 3000; run++) {
        const received = alice.receive(mutate(message, next), nowMs)
        if (received.kind !== "rejected") throw new Error(`accepted: ${received.kind}`)
      }
      expect(alice.toBytes()).toEqual(state)
      expect(alice.receive(message, nowMs).kind).not.toBe("rejected")
      state = alice.toBytes()
    }
  })

  it("returns for every mutation of a Welcome, and still opens the original", () => {
    const party = Party.of("welcomes", ["alice"])
    const bundle = party.keyPackage("bob")
    const { welcome } = party.commit("alice", { adds: [bundle.keyPackage], forcePath: true })
    if (welcome === undefined) throw new Error("no Welcome")
    const next = xorshift(0x5eed)
    for (let run = 0; run < 3000; run++) {
      expect(() => party.join("bob", { welcome: mutate(welcome, next), bundles: [bundle] })).toThrow(/^[a-z_]+$/)
    }
    expect(party.join("bob", { welcome, bundles: [bundle] }).epoch).toBe(1n)
  })
})

/** xorshift32: fast, and the same bytes in every run. */
function xorshift(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** Flips bits, cuts or extends: never the original. */
function mutate(original: Uint8Array, next: () => number): Uint8Array {
  const bytes = original.slice()
  const view = new DataView(bytes.buffer)
  const at = next() % bytes.length
  view.setUint8(at, view.getUint8(at) ^ (1 << (next() % 8)))
  const cut = next() % 8
  if (cut === 0) return bytes.subarray(0, next() % bytes.length)
  return cut === 1 ? Uint8Array.of(...bytes, next() & 0xff) : bytes
}
