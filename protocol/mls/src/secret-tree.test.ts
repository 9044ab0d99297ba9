import { suite0001 as suite } from "@qpc/crypto/node"
import { DecodeError, encode, RecordReader, toHex, writeRecords } from "@qpc/wire"
import type { StateRecord } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { RatchetLimits } from "./ratchet.ts"
import { StoredSecretTrees } from "./secret-tree-records.ts"
import { SecretTree } from "./secret-tree.ts"
import type { RatchetKind } from "./secret-tree.ts"

const limits: RatchetLimits = { outOfOrderGenerations: 4, maxForwardGenerations: 8, refusedDerivations: 1000 }
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
    expect(open(treeOf(4), 0, true, 4)).toBe("key_consumed")
    expect(() => treeOf(4).take(4, "application")).toThrow(RangeError)
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
    expect(open(tree, 1)).toBe(keyOf(1, "application", 1))
    expect(open(tree, 0, true, 2)).toBe(keyOf(2, "application", 0))
  })

  it("has nothing left once it is zeroed", () => {
    const tree = treeOf(4)
    open(tree, 3)
    tree.zero()
    expect([0, 1, 2, 3].map((leafIndex) => open(tree, 0, true, leafIndex))).toEqual(Array(4).fill("key_consumed"))
  })

  it.each<[string, (records: StateRecord[]) => StateRecord[]]>([
    ["a record of a shorter secret", (records) => changed(records, "secret/", (value) => value.slice(1))],
    [
      "a record with something behind",
      (records) => changed(records, "ratchet/", (value) => Uint8Array.of(...value, 0)),
    ],
    [
      "a key that was not skipped",
      (records) => renamed(records, "skipped/", "application/00000001", "application/00000003"),
    ],
    ["a secret outside of the tree", (records) => renamed(records, "secret/", "00000005", "00000007")],
    ["a secret above a ratchet", (records) => renamed(records, "secret/", "00000005", "00000003")],
    [
      "a ratchet without the other of its leaf",
      (records) => records.filter(({ key }) => !key.endsWith("/application")),
    ],
    ["a leaf without its handshake ratchet", (records) => records.filter(({ key }) => !key.endsWith("/handshake"))],
    ["a ratchet of no kind", (records) => renamed(records, "ratchet/", "handshake", "handwriting")],
    ["a number in another form", (records) => renamed(records, "secret/", "00000005", "5")],
  ])("does not read back %s", (_, damage) => {
    const tree = treeOf(4)
    open(tree, 2)
    const records = [...tree.records(0n)]
    expect(() => restored(records, 4)).not.toThrow()
    expect(() => restored(damage(records), 4)).toThrow(DecodeError)
  })
})

function restored(records: readonly StateRecord[], leafWidth: number): SecretTree {
  return new StoredSecretTrees(suite, new RecordReader(records)).take(0n, leafWidth, false)
}

function bytesOf(tree: SecretTree): Uint8Array {
  return encode((writer) => writeRecords(writer, tree.records(0n)))
}

function changed(
  records: readonly StateRecord[],
  start: string,
  change: (value: Uint8Array) => Uint8Array,
): StateRecord[] {
  return records.map(({ key, value }) => ({ key, value: key.startsWith(start) ? change(value) : value }))
}

function renamed(records: readonly StateRecord[], start: string, from: string, to: string): StateRecord[] {
  return records.map(({ key, value }) => ({ key: key.startsWith(start) ? key.replace(from, to) : key, value }))
}

const sender = treeOf(2)
const pairKeys: string[] = []

/** The key of leaf 1 in a tree of two, as its sender has it. */
function keyInPair(generation: number): string {
  while (pairKeys.length <= generation) pairKeys.push(toHex(sender.take(1, "application").key))
  return pairKeys[generation] ?? ""
}
