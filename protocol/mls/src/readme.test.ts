import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

// The example of the README begins here.
import { createKeyPackage, Group } from "@qpc/mls"
import { nodeRandom as random, suite0001 as suite } from "@qpc/crypto/node"
import { fromUtf8, toUtf8 } from "@qpc/wire"

function example(): string {
  const nowMs = Date.now()
  const authenticatedData = new Uint8Array(0)

  // Everybody has a signature key, and says who they are. Whether that is true is for you to find out.
  const aliceKeys = suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes))
  const bobKeys = suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes))
  const aliceIs = { kind: "basic", identity: toUtf8("alice") } as const
  const bobIs = { kind: "basic", identity: toUtf8("bob") } as const

  // Bob publishes a key package, so that others can add him while he is away. He keeps its private half.
  const lifetimeMs = 28 * 86_400_000
  const bundle = createKeyPackage({ suite, credential: bobIs, signatureKeys: bobKeys, nowMs, lifetimeMs, random })

  // Alice makes a group and adds Bob. Nothing has changed yet: somebody else's commit may come first.
  const groupId = random(16)
  const alice = Group.create({ suite, groupId, credential: aliceIs, signatureKeys: aliceKeys, random, nowMs })
  const outcome = alice.stageCommit({ adds: [bundle.keyPackage], authenticatedData, random, nowMs })
  if (outcome.kind === "refused") throw new Error(outcome.reason)

  // The delivery service took her commit. Now it counts, and Bob may have the Welcome.
  alice.merge(outcome.staged)
  const joined = Group.join({
    suite,
    welcome: outcome.welcome ?? authenticatedData,
    bundles: [bundle],
    signatureKeys: bobKeys,
  })
  if (joined.kind === "rejected") throw new Error(joined.reason)
  const bob = joined.group
  bundle[Symbol.dispose]()

  // They talk. Store toBytes() before anything leaves, and load nothing older ever again.
  const message = alice.protect(toUtf8("hello"), { authenticatedData, random })
  const received = bob.receive(message, nowMs)
  if (received.kind !== "application") throw new Error("not a text")
  const restarted = Group.fromBytes(suite, bob.toBytes(), { signatureKeys: bobKeys })
  return `${fromUtf8(received.plaintext)} in epoch ${restarted.epoch}`
}
// The example of the README ends here.

describe("the README", () => {
  it("shows an example that runs", () => {
    expect(example()).toBe("hello in epoch 1")
  })

  it("shows this example", () => {
    const [, code = ""] = /begins here\.\n([^]*)\/\/ The example of the README ends/.exec(read("readme.test.ts")) ?? []
    expect(read("../README.md")).toContain(code.trim())
  })
})

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), "utf8")
}
