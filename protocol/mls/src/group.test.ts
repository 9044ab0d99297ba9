import { describe, expect, it } from "vitest"
import { suite0001 } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"
import { Group } from "./group.ts"
import { createKeyPackage } from "./key-package-bundle.ts"

let counter = 0
const suite = suite0001
const random = (n: number): Uint8Array => suite.expand(suite.hash(toUtf8("x")), toUtf8(String(counter++)), n)
const nowMs = 1_800_000_000_000

describe("group", () => {
  it("goes end to end", () => {
    const aliceKeys = suite.signatureKeyPair(random(32))
    const bobKeys = suite.signatureKeyPair(random(32))
    const alice = Group.create({
      suite,
      groupId: random(16),
      credential: { kind: "basic", identity: toUtf8("alice") },
      signatureKeys: aliceKeys,
      random,
      nowMs,
    })
    const bundle = createKeyPackage({
      suite,
      credential: { kind: "basic", identity: toUtf8("bob") },
      signatureKeys: bobKeys,
      nowMs,
      lifetimeMs: 86_400_000,
      random,
    })
    const staged = alice.stageCommit({ adds: [bundle.keyPackage], authenticatedData: toUtf8("aad"), random, nowMs })
    if (staged.kind !== "staged") throw new Error(staged.reason)
    const restored = Group.fromBytes(suite, alice.toBytes(), { signatureKeys: aliceKeys })
    expect(restored.toBytes()).toEqual(alice.toBytes())
    const own = restored.receive(staged.commit, nowMs)
    if (own.kind !== "own_commit") throw new Error(JSON.stringify(own))
    const r = restored.merge(own.staged)
    expect(r.added[0]!.leafIndex).toBe(1)
    const joined = Group.join({ suite, welcome: staged.welcome!, bundles: [bundle], signatureKeys: bobKeys })
    if (joined.kind !== "joined") throw new Error(joined.reason)
    const bob = joined.group
    expect(bob.epochAuthenticator()).toEqual(restored.epochAuthenticator())
    const m = bob.protect(toUtf8("hello"), { authenticatedData: toUtf8("a"), random })
    const got = restored.receive(m, nowMs)
    expect(got).toMatchObject({ kind: "application", plaintext: toUtf8("hello"), senderLeafIndex: 1, generation: 0 })
    expect(restored.receive(m, nowMs)).toEqual({ kind: "rejected", reason: "key_consumed" })
    const up = bob.stageCommit({ authenticatedData: toUtf8(""), random, nowMs })
    if (up.kind !== "staged") throw new Error(up.reason)
    const rec = restored.receive(up.commit, nowMs)
    if (rec.kind !== "commit") throw new Error(JSON.stringify(rec))
    restored.merge(rec.staged)
    bob.merge(up.staged)
    expect(bob.epochAuthenticator()).toEqual(restored.epochAuthenticator())
  })
})
