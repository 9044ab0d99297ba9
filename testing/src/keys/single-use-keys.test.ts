import type { CipherSuite } from "@qpc/crypto"
import { expectKeyReuse } from "@qpc/crypto/conformance"
import { suite0001 } from "@qpc/crypto/node"
import { createKeyPackage, Group } from "@qpc/mls"
import { toUtf8 } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

const NOW_MS = 1_800_000_000_000
const NOTHING = new Uint8Array(0)

/** Randomness that replays, so that a failing history can be shown again. */
function seededRandom(seed: number): (lengthBytes: number) => Uint8Array {
  let counter = 0
  const key = suite0001.hash(toUtf8(`single use ${seed}`))
  return (lengthBytes) => suite0001.expand(key, toUtf8(String(counter++)), lengthBytes)
}

type Step = "text" | "refresh" | "clear" | "add and clear" | "restart" | "restart with a commit" | "other commits"

/** Two members; the first goes through a history, the second follows it. */
class Pair {
  readonly #suite = suite0001
  readonly #random
  readonly #keys
  readonly #bob: Group
  #alice: Group

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    const [aliceKeys, bobKeys] = ["a", "b"].map(() => this.#suite.signatureKeyPair(this.#random(32))) as [Keys, Keys]
    this.#keys = aliceKeys
    this.#alice = Group.create({
      suite: this.#suite,
      groupId: this.#random(16),
      credential: { kind: "basic", identity: toUtf8("alice") },
      signatureKeys: aliceKeys,
      random: this.#random,
      nowMs: NOW_MS,
    })
    const bundle = this.#newcomer(bobKeys)
    const staged = this.#stage(this.#alice, [bundle.keyPackage])
    this.#alice.merge(staged.staged)
    const joined = Group.join({
      suite: this.#suite,
      welcome: staged.welcome!,
      bundles: [bundle],
      signatureKeys: bobKeys,
    })
    if (joined.kind !== "joined") throw new Error(joined.reason)
    this.#bob = joined.group
  }

  perform(step: Step): void {
    if (step === "text") return this.#text()
    if (step === "restart") return this.#restart()
    if (step === "other commits") return this.#commit(this.#bob, this.#alice)
    if (step === "refresh") return this.#commit(this.#alice, this.#bob)
    const adds =
      step === "add and clear" ? [this.#newcomer(this.#suite.signatureKeyPair(this.#random(32))).keyPackage] : []
    const { staged } = this.#stage(this.#alice, adds)
    if (step === "restart with a commit") this.#restart()
    this.#alice.clear(this.#alice.pendingCommit ?? staged)
  }

  #text(): void {
    const message = this.#alice.protect(toUtf8("text"), { authenticatedData: NOTHING, random: this.#random })
    expect(this.#bob.receive(message, NOW_MS)).toMatchObject({ kind: "application", plaintext: toUtf8("text") })
  }

  #commit(from: Group, to: Group): void {
    const { staged, commit } = this.#stage(from, [])
    from.merge(staged)
    const received = to.receive(commit, NOW_MS)
    if (received.kind !== "commit") throw new Error(`the commit became ${received.kind}`)
    to.merge(received.staged)
  }

  #restart(): void {
    this.#alice = Group.fromBytes(this.#suite, this.#alice.toBytes(), { signatureKeys: this.#keys })
  }

  #stage(group: Group, adds: readonly Uint8Array[]): Extract<ReturnType<Group["stageCommit"]>, { kind: "staged" }> {
    const staged = group.stageCommit({ adds, authenticatedData: NOTHING, random: this.#random, nowMs: NOW_MS })
    if (staged.kind !== "staged") throw new Error(staged.reason)
    return staged
  }

  #newcomer(signatureKeys: Keys): ReturnType<typeof createKeyPackage> {
    const credential = { kind: "basic", identity: toUtf8("newcomer") } as const
    const about = { credential, signatureKeys, nowMs: NOW_MS, lifetimeMs: 86_400_000 }
    return createKeyPackage({ suite: this.#suite, random: this.#random, ...about })
  }
}

type Keys = ReturnType<CipherSuite["signatureKeyPair"]>

/** The nonce monitor of every test reports a key of MLS that seals twice; here it has histories to look at. */
describe("the keys of a group", () => {
  it("seal one message each, whatever is sent, cleared, merged and restored in between", () => {
    const step = fc.constantFrom<Step>(
      "text",
      "refresh",
      "clear",
      "add and clear",
      "restart",
      "restart with a commit",
      "other commits",
    )
    fc.assert(
      fc.property(fc.nat(), fc.array(step, { minLength: 5, maxLength: 30, size: "max" }), (seed, steps) => {
        const pair = new Pair(seed)
        for (const each of steps) pair.perform(each)
        pair.perform("text")
      }),
      { numRuns: 60 },
    )
  })

  it("would be seen to seal twice if a state were used again after something left it", () => {
    const suite = suite0001
    const signatureKeys = suite.signatureKeyPair(new Uint8Array(32).fill(1))
    const random = seededRandom(0)
    const credential = { kind: "basic", identity: toUtf8("alice") } as const
    const group = Group.create({ suite, groupId: random(16), credential, signatureKeys, random, nowMs: NOW_MS })
    const stored = group.toBytes()
    group.protect(NOTHING, { authenticatedData: NOTHING, random })
    const older = Group.fromBytes(suite, stored, { signatureKeys })
    expectKeyReuse("this is what the monitor is for", () => {
      older.protect(NOTHING, { authenticatedData: NOTHING, random })
    })
  })
})
