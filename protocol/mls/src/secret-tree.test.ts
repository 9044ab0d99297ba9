import { suite0001 as suite } from "@qpc/crypto/node"
import { encode, recordKey, RecordLog, RecordReader, toHex, writeRecords } from "@qpc/wire"
import type { StateRecord } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { RatchetLimits } from "./ratchet.ts"
import { StoredSecretTrees } from "./secret-tree-records.ts"
import { SecretTree } from "./secret-tree.ts"
import type { RatchetKind } from "./secret-tree.ts"
import { watchSecrets } from "./testing/watched-suite.ts"

const limits: RatchetLimits = { outOfOrderGenerations: 4, maxForwardGenerations: 8, refusedDerivations: 1000 }
const ZEROS = new Uint8Array(32)
const root = (): Uint8Array => new Uint8Array(32).fill(1)
const treeOf = (leafCount: number): SecretTree => SecretTree.create(suite, root(), leafCount)

/** The key of a generation, as a tree gives it that nobody has used yet. */
function keyOf(leafIndex: number, kind: RatchetKind, generation: number): string {
  const candidate = treeOf(4).candidate(leafIndex, kind, generation, { ...limits, maxForwardGenerations: 1000 })
  return typeof candidate === "string" ? candidate : toHex(candidate.messageKey.key)
}

/** Opens a message with the key of a generation; `genuine` says whether it proves to be one. */
function open(tree: SecretTree, generation: number, genuine = true, leafIndex = 1): string {
  const candidate = tree.candidate(leafIndex, "application", generation, limits)
  if (typeof candidate === "string") return candidate
  const key = toHex(candidate.messageKey.key)
  if (genuine) candidate.consume()
  else candidate.release()
  return key
}

describe("a secret tree", () => {
  it("gives sender and receiver the same keys, each once", () => {
    const [sender, receiver] = [treeOf(4), treeOf(4)]
    const sent = [0, 1, 2].map(() => sender.take(1, "application"))
    expect(sent.map(({ generation }) => generation)).toEqual([0, 1, 2])
    const keys = sent.map(({ key }) => toHex(key))
    expect([0, 1, 2].map((generation) => open(receiver, generation))).toEqual(keys)
    expect(new Set(keys).size).toBe(3)
    expect(open(receiver, 1)).toBe("key_consumed")
  })

  it("keeps handshake and application keys of all leaves apart", () => {
    const kinds = ["handshake", "application"] as const
    const keys = [0, 1, 2, 3].flatMap((leafIndex) => kinds.map((kind) => keyOf(leafIndex, kind, 0)))
    expect(new Set(keys).size).toBe(8)
  })

  it("has keys for its leaves only", () => {
    expect([0, 6].map((generation) => open(treeOf(4), generation, true, 4))).toEqual(["key_consumed", "key_consumed"])
    expect(() => treeOf(4).take(4, "application")).toThrow(RangeError)
  })

  it("gives each leaf its keys, whichever comes first", () => {
    const tree = treeOf(4)
    expect(tree.encryptionSecret).toEqual(root())
    for (const leafIndex of [2, 0, 3, 1]) {
      expect(open(tree, 0, true, leafIndex)).toBe(keyOf(leafIndex, "application", 0))
      expect(toHex(tree.take(leafIndex, "handshake").key)).toBe(keyOf(leafIndex, "handshake", 0))
    }
    expect(() => tree.encryptionSecret).toThrow(new Error("unreachable: keys of an epoch that is not yet in use"))
  })

  it("has room for a power of two of leaves, and for no other", () => {
    expect([1, 2, 3, 4, 5].map((leafCount) => treeOf(leafCount).leafWidth)).toEqual([1, 2, 4, 4, 8])
    expect(() => treeOf(4).skipTo(4, "application", 1)).toThrow(new RangeError("no leaf 4"))
  })

  it("counts and skips generations of each ratchet by itself", () => {
    const tree = treeOf(4)
    expect(tree.nextGeneration(1, "application")).toBe(0)
    tree.skipTo(1, "application", 3)
    expect(toHex(tree.take(1, "application").key)).toBe(keyOf(1, "application", 3))
    const next = ([0, 1] as const).flatMap((leafIndex) =>
      (["application", "handshake"] as const).map((kind) => tree.nextGeneration(leafIndex, kind)),
    )
    expect(next).toEqual([0, 0, 4, 0])
  })

  it("is not moved by what proves not to be genuine", () => {
    const tree = treeOf(4)
    const before = bytesOf(tree)
    for (const generation of [0, 3, 8]) open(tree, generation, false)
    expect(open(tree, 9, false)).toBe("generation_too_far")
    expect(bytesOf(tree)).toEqual(before)
    expect(open(tree, 0)).toBe(keyOf(1, "application", 0))
  })

  it("does no more work for refused messages than its budget, and none is kept from those that come in order", () => {
    let derivations = 0
    const counted = {
      ...suite,
      expand: (...args: Parameters<typeof suite.expand>) => {
        derivations++
        return suite.expand(...args)
      },
    }
    const tree = SecretTree.create(counted, root(), 4)
    const budget = { outOfOrderGenerations: 4, maxForwardGenerations: 50, refusedDerivations: 120 }
    const attempt = (generation: number): string => {
      const candidate = tree.candidate(1, "application", generation, budget)
      if (typeof candidate === "string") return candidate
      candidate.release()
      return "released"
    }
    expect([attempt(50), attempt(50), attempt(50)]).toEqual(["released", "released", "derivations_spent"])
    derivations = 0
    expect(Array.from({ length: 100 }, () => attempt(40))).toEqual(
      Array.from({ length: 100 }, () => "derivations_spent"),
    )
    expect(derivations).toBe(0)
    expect([attempt(4), attempt(51), attempt(20), attempt(5)]).toEqual([
      "released",
      "generation_too_far",
      "released",
      "derivations_spent",
    ])
    expect([0, 4, 8, 12].map((generation) => open(tree, generation))).toEqual(
      [0, 4, 8, 12].map((generation) => keyOf(1, "application", generation)),
    )
    expect([attempt(17), attempt(18)]).toEqual(["released", "derivations_spent"])
  })

  it("agrees with a model that keeps every key, for any order of genuine and forged messages", () => {
    const steps = fc.array(fc.record({ delta: fc.integer({ min: -7, max: 11 }), genuine: fc.boolean() }), {
      minLength: 20,
      maxLength: 60,
    })
    fc.assert(
      fc.property(steps, (messages) => {
        let tree = treeOf(2)
        let next = 0
        const used = new Set<number>()
        for (const { delta, genuine } of messages) {
          const generation = Math.max(0, next + delta)
          const isBehind = generation < next && next - 1 - generation > limits.outOfOrderGenerations
          const expected =
            used.has(generation) || isBehind
              ? "key_consumed"
              : generation - next > limits.maxForwardGenerations
                ? "generation_too_far"
                : keyInPair(generation)
          expect(open(tree, generation, genuine)).toBe(expected)
          if (genuine && expected.length === 32) {
            used.add(generation)
            next = Math.max(next, generation + 1)
          }
          tree = restored([...tree.records(0n)], 2)
        }
      }),
      { numRuns: 40, seed: 9420 },
    )
  })

  it("holds no secret from which a used key could be derived again", () => {
    const tree = treeOf(4)
    for (const generation of [0, 1, 2]) open(tree, generation)
    const bytes = toHex(bytesOf(tree))
    expect(bytes).not.toContain(toHex(root()))
    expect([0, 1, 2].some((generation) => bytes.includes(keyOf(1, "application", generation)))).toBe(false)
  })

  it("forgets handshake keys when its epoch is over", () => {
    const tree = treeOf(4)
    open(tree, 0)
    tree.retire()
    expect(tree.candidate(1, "handshake", 0, limits)).toBe("key_consumed")
    expect(tree.candidate(2, "handshake", 0, limits)).toBe("key_consumed")
    expect(tree.nextGeneration(1, "handshake")).toBe(0)
    expect(open(tree, 1)).toBe(keyOf(1, "application", 1))
    expect(open(tree, 0, true, 2)).toBe(keyOf(2, "application", 0))
    const sending = new Error("unreachable: nothing is sent in a past epoch")
    expect(() => tree.take(1, "handshake")).toThrow(sending)
    expect(() => tree.take(3, "handshake")).toThrow(sending)
  })

  it("has nothing left once it is zeroed", () => {
    const tree = treeOf(4)
    open(tree, 3)
    tree.zero()
    expect([0, 1, 2, 3].map((leafIndex) => open(tree, 0, true, leafIndex))).toEqual(Array(4).fill("key_consumed"))
  })
})

describe("the secrets of a secret tree", () => {
  it("are those beside the way down and of two ratchets once a key was given out: all others are zeroed", () => {
    const { tree, first, secretsLeft } = watchedTree()
    const { key, nonce } = tree.take(1, "application")
    expect(first).toEqual(ZEROS)
    expect(secretsLeft()).toEqual(secretsIn(tree, key, nonce))
    expect(secretsLeft()).toHaveLength(6)
  })

  it("are the same ones once a message was opened, whose key is zeroed", () => {
    const { tree, first, secretsLeft } = watchedTree()
    open(tree, 0)
    expect(first).toEqual(ZEROS)
    expect(secretsLeft()).toEqual(secretsIn(tree))
    expect(secretsLeft()).toHaveLength(4)
  })

  it.each([
    ["forged", 3],
    ["forged and far ahead", 6],
  ])("are the first one alone after a message that was %s", (_, generation) => {
    const { tree, first, secretsLeft } = watchedTree()
    open(tree, generation, false)
    expect([first, secretsLeft()]).toEqual([root(), []])
  })

  it("are not derived for a message that is too far ahead", () => {
    const tree = SecretTree.create({ ...suite, expand: noKeys }, root(), 4)
    expect(open(tree, 9)).toBe("generation_too_far")
    expect(() => open(tree, 8)).toThrow("derived")
  })

  it("are the first one alone after a message that has no key, derived or not", () => {
    const { tree, first, secretsLeft } = watchedTree()
    tree.retire()
    expect(tree.candidate(1, "handshake", 0, limits)).toBe("key_consumed")
    expect(tree.candidate(1, "application", 9, limits)).toBe("generation_too_far")
    expect([first, secretsLeft()]).toEqual([root(), []])
  })

  it("are none of handshakes once the epoch is over", () => {
    const { tree, secretsLeft } = watchedTree()
    open(tree, 0)
    tree.retire()
    expect(secretsLeft()).toEqual(secretsIn(tree))
    expect(secretsLeft()).toHaveLength(3)
    open(tree, 0, true, 3)
    expect(secretsLeft()).toEqual(secretsIn(tree))
    expect(secretsLeft()).toHaveLength(4)
  })

  it("are none in the end, whether or not they were used", () => {
    const unused = watchedTree()
    unused.tree.zero()
    expect([unused.first, [...unused.tree.records(0n)]]).toEqual([ZEROS, []])
    const used = watchedTree()
    open(used.tree, 3)
    used.tree.zero()
    expect([used.secretsLeft(), [...used.tree.records(0n)]]).toEqual([[], []])
  })
})

describe("the records of a secret tree", () => {
  it("change with the way down to a leaf", () => {
    const touched = {
      [secret(3)]: false,
      [secret(5)]: true,
      [secret(0)]: true,
      [ratchet("handshake")]: true,
      [ratchet("application")]: true,
    }
    expect(changesOf(treeOf(4), (tree) => void open(tree, 0))).toEqual(touched)
    expect(changesOf(treeOf(4), (tree) => void tree.take(1, "handshake"))).toEqual(touched)
  })

  it("change with one ratchet alone after that, and with each key that was skipped", () => {
    const tree = treeOf(4)
    open(tree, 0)
    const skipped = recordKey("skipped", 7n, 1, "application", 1)
    expect(changesOf(tree, () => void open(tree, 2))).toEqual({ [skipped]: true, [ratchet("application")]: true })
    expect(changesOf(tree, () => tree.retire())).toEqual({ [ratchet("handshake")]: false })
  })

  it("are copies: whoever stored them may zero them", () => {
    const tree = treeOf(4)
    open(tree, 0)
    const before = bytesOf(tree)
    const log = logOf(tree)
    tree.markAll()
    for (const { value } of [...tree.records(7n), ...log.take().changes]) value?.fill(0)
    expect(bytesOf(tree)).toEqual(before)
  })

  it("are all owed when they are marked, and all gone in the end", () => {
    const tree = treeOf(4)
    open(tree, 0)
    const all = [secret(5), secret(0), ratchet("handshake"), ratchet("application")]
    const allAre = (isThere: boolean): Record<string, boolean> => Object.fromEntries(all.map((key) => [key, isThere]))
    expect(changesOf(tree, () => tree.markAll())).toEqual(allAre(true))
    const past = treeOf(4)
    open(past, 0)
    past.retire()
    expect(changesOf(past, () => past.markAll())).toEqual(
      Object.fromEntries(all.filter((key) => key !== ratchet("handshake")).map((key) => [key, true])),
    )
    expect(changesOf(tree, () => tree.zero())).toEqual(allAre(false))
  })
})

/** A tree of four, its first secret, and what it derived and did not zero. */
function watchedTree(): { tree: SecretTree; first: Uint8Array; secretsLeft: () => string[] } {
  const watched = watchSecrets(suite)
  const first = root()
  const tree = SecretTree.create(watched.suite, first, 4)
  return { tree, first, secretsLeft: () => watched.secretsLeft().map(toHex).toSorted() }
}

/** What a tree goes on with: secrets of nodes and of ratchets. */
function secretsIn(tree: SecretTree, ...more: readonly Uint8Array[]): string[] {
  const held = Array.from(tree.records(0n), ({ value }) => value.subarray(0, 32))
  return [...held, ...more].map(toHex).toSorted()
}

const secret = (nodeIndex: number): string => recordKey("secret", 7n, nodeIndex)
const ratchet = (kind: RatchetKind): string => recordKey("ratchet", 7n, 1, kind)

const noKeys = (): never => {
  throw new Error("derived")
}

/** A log that a tree notes its changes in, from here on. */
function logOf(tree: SecretTree): RecordLog {
  const log = new RecordLog({ hash: (bytes) => suite.hash(bytes), all: () => [], isChecked: () => false })
  log.follow([])
  tree.attach(log, 7n)
  return log
}

/** Which records a change touches, and whether they are there after it; those that are must be what the tree holds. */
function changesOf(tree: SecretTree, change: (tree: SecretTree) => void): Record<string, boolean> {
  const log = logOf(tree)
  change(tree)
  const { changes } = log.take()
  const held = new Map(Array.from(tree.records(7n), ({ key, value }) => [key, toHex(value)]))
  const touched = changes.filter(({ key }) => key !== "check")
  expect(touched.map(({ value }) => value && toHex(value))).toEqual(touched.map(({ key }) => held.get(key)))
  return Object.fromEntries(touched.map(({ key, value }) => [key, value !== undefined]))
}

function restored(records: readonly StateRecord[], leafWidth: number): SecretTree {
  return new StoredSecretTrees(suite, new RecordReader(records)).take(0n, leafWidth, false)
}

function bytesOf(tree: SecretTree): Uint8Array {
  return encode((writer) => writeRecords(writer, tree.records(0n)))
}

const sender = treeOf(2)
const pairKeys: string[] = []

/** The key of leaf 1 in a tree of two, as its sender has it. */
function keyInPair(generation: number): string {
  while (pairKeys.length <= generation) pairKeys.push(toHex(sender.take(1, "application").key))
  return pairKeys[generation] ?? ""
}
