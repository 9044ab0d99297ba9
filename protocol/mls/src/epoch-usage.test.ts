import { DecodeError, encode } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { decodeUsage, EncryptionLimitError } from "./epoch-usage.ts"
import { DEFAULT_LIMITS } from "./limits.ts"
import { Party } from "./testing/party.ts"

const NO_DATA = new Uint8Array(0)

const stored = (messages: bigint, bytes: bigint): Uint8Array =>
  encode((writer) => writer.uint64(messages).uint64(bytes))

describe("the limit of what an epoch encrypts", () => {
  it("counts what everybody sent, ends with the epoch, and leaves a way to the next", () => {
    const party = Party.of("messages", ["alice", "bob"], { limits: { epochMessages: 3 } })
    party.hear("bob", party.say("alice", "one"))
    party.hear("alice", party.say("bob", "two"))
    party.say("alice", "three")
    expect(() => party.say("alice", "four")).toThrow(EncryptionLimitError)
    expect(party.hear("alice", party.say("bob", "three, as he knows"))).toBe("three, as he knows")
    party.commit("alice")
    expect(party.hear("bob", party.say("alice", "fresh keys"))).toBe("fresh keys")
  })

  it("counts bytes of whole messages, and refuses one that alone is too long", () => {
    const party = Party.of("bytes", ["alice", "bob"], { limits: { epochBytes: 500 } })
    expect(() => party.say("alice", "x".repeat(501))).toThrow(EncryptionLimitError)
    const first = party.say("alice", "x")
    expect(party.insidesOf("alice").usage).toEqual({ messages: 1, bytes: first.length })
    party.hear("bob", first)
    expect(party.insidesOf("bob").usage).toEqual({ messages: 1, bytes: first.length })
    expect(() => party.say("alice", "x".repeat(500 - first.length + 1))).toThrow(EncryptionLimitError)
    expect(party.insidesOf("alice").usage.messages).toBe(1)
  })

  it("holds for proposals in private messages, which count, and not for public ones", () => {
    const party = Party.of("proposals", ["alice", "bob"], { limits: { epochMessages: 1 }, policy: { proposals: true } })
    const { random, nowMs } = party
    const options = { authenticatedData: NO_DATA, random, nowMs }
    const proposed = party.group("alice").propose({ kind: "update" }, options)
    if (proposed.kind === "refused") throw new Error(proposed.reason)
    party.hear("bob", proposed.message)
    expect(() => party.group("bob").propose({ kind: "update" }, options)).toThrow(EncryptionLimitError)
    expect(party.group("bob").propose({ kind: "update" }, { ...options, wireFormat: "public" }).kind).toBe("proposed")
    expect(party.insidesOf("bob").usage.messages).toBe(1)
  })

  it("counts our own commit, which is made all the same, and no refused message", () => {
    const party = Party.of("commits", ["alice", "bob"], { limits: { epochMessages: 1 } })
    const text = party.say("bob", "one")
    party.hear("alice", text)
    expect(party.hear("alice", text)).toBe("key_consumed")
    const { staged } = party.stage("alice")
    party.group("alice").clear(staged)
    expect(party.insidesOf("alice").usage.messages).toBe(2)
    party.commit("alice")
    expect(party.insidesOf("alice").usage).toEqual({ messages: 0, bytes: 0 })
  })

  it("is not forgotten by a restart", () => {
    const party = Party.of("restart", ["alice", "bob"], { limits: { epochMessages: 1 } })
    party.say("alice", "one")
    party.restart("alice")
    expect(() => party.say("alice", "two")).toThrow(EncryptionLimitError)
  })

  it("keeps an epoch within 2^34.5 blocks and encryptions by default, as if it had one key", () => {
    const { epochMessages, epochBytes } = DEFAULT_LIMITS
    // Content and sender data are encrypted apart, and each may end in a part of a block.
    expect(epochBytes / 16 + 4 * epochMessages).toBeLessThanOrEqual(2 ** 34.5)
  })
})

describe("stored usage", () => {
  it("has one encoding: nothing is not stored, and no more than can be counted", () => {
    expect(decodeUsage(stored(1n, 7n))).toEqual({ messages: 1, bytes: 7 })
    expect(() => decodeUsage(stored(0n, 0n))).toThrow(DecodeError)
    expect(() => decodeUsage(stored(1n, 2n ** 53n))).toThrow(DecodeError)
    expect(() => decodeUsage(stored(2n ** 53n, 1n))).toThrow(DecodeError)
  })
})
