import type { CipherSuite } from "@qpc/crypto"
import { suite0001 as suite } from "@qpc/crypto/node"
import { decodeWhole, encode, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { RatchetTree } from "./ratchet-tree.ts"
import { TreePrivateState } from "./tree-private-state.ts"

/** Bytes whose copies are known: `slice` makes another of its kind. */
class TracedKey extends Uint8Array<ArrayBuffer> {
  static readonly made: TracedKey[] = []

  constructor(length: number) {
    super(new ArrayBuffer(length))
    TracedKey.made.push(this)
  }
}

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)

/** Private keys of leaf 0 and of node 1 above it. */
function keysOf(leafKey: number, parentKey: number): TreePrivateState {
  const keys = new TreePrivateState(0, key(leafKey))
  keys.set(1, key(parentKey))
  return keys
}

describe("private keys of an epoch that ends", () => {
  const forgotten: string[] = []
  const watched = { ...suite, forgetPrivateKey: (bytes: Uint8Array) => void forgotten.push(toHex(bytes)) }

  it.each([
    ["all of them without an heir", undefined, [1, 2]],
    ["all but those that the heir goes on using", keysOf(3, 2), [1]],
    ["one that the heir has at another node", keysOf(2, 3), [1, 2]],
  ])("are forgotten by the suite: %s", (_, heir, expected) => {
    forgotten.length = 0
    const keys = keysOf(1, 2)
    const bytes = keys.leafKey
    keys.destroy(watched, heir)
    expect(forgotten).toEqual(expected.map((fill) => toHex(key(fill))))
    expect(bytes).toEqual(key(0))
  })
})

describe("private keys that are copied", () => {
  it("leave no copy behind that is not zeroed with the others", () => {
    const keys = new TreePrivateState(0, new TracedKey(32).fill(1))
    keys.set(1, new TracedKey(32).fill(2))
    const fork = keys.fork()
    for (const each of [keys, fork]) {
      expect([each.leafKey, each.key(1)!].map(toHex)).toEqual([key(1), key(2)].map(toHex))
    }
    for (const each of [keys, fork]) each[Symbol.dispose]()
    expect(TracedKey.made.length).toBeGreaterThanOrEqual(4)
    expect(TracedKey.made.filter((copy) => copy.some((byte) => byte !== 0))).toEqual([])
  })

  it("do not change with the ones that they were copied from", () => {
    const keys = keysOf(1, 2)
    const fork = keys.fork()
    keys[Symbol.dispose]()
    expect([fork.leafKey, fork.key(1)]).toEqual([key(1), key(2)])
  })
})

/** The keys of a leaf and of nodes above it, each with the byte that it consists of, as they are stored. */
const stored = (leafIndex: number, ...nodes: readonly (readonly [number, number])[]): Uint8Array =>
  encode((writer) => {
    writer.uint32(leafIndex).list(nodes, (inner, [nodeIndex, fill]) => inner.uint32(nodeIndex).vector(key(fill)))
  })

const read = (bytes: Uint8Array): TreePrivateState => decodeWhole(bytes, (reader) => TreePrivateState.read(reader))

describe("private keys that are stored", () => {
  it("are read back from what was written, in bytes of their own", () => {
    const written = encode((writer) => keysOf(1, 2).write(writer))
    expect(written).toEqual(stored(0, [0, 1], [1, 2]))
    const keys = read(written)
    expect(written).toEqual(stored(0, [0, 1], [1, 2]))
    written.fill(9)
    expect([keys.leafIndex, keys.leafKey, keys.key(1)]).toEqual([0, key(1), key(2)])
  })

  it.each([
    ["without the key of the leaf", stored(0, [1, 2])],
    ["in another order", stored(0, [1, 2], [0, 1])],
    ["twice at one node", stored(0, [0, 1], [0, 1])],
    ["at a node that is not above the leaf", stored(0, [0, 1], [2, 2])],
  ])("are refused where they stand %s", (_, bytes) => {
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code: "bad_value" }))
  })

  it("stand in the order of their nodes, whenever they were set", () => {
    const keys = new TreePrivateState(0, key(1))
    for (const nodeIndex of [3, 1]) keys.set(nodeIndex, key(nodeIndex))
    expect(encode((writer) => keys.write(writer))).toEqual(stored(0, [0, 1], [1, 1], [3, 3]))
  })

  it("are not set at a node that is not above the leaf", () => {
    expect(() => keysOf(1, 2).set(2, key(3))).toThrow(new RangeError("node 2 is not above the own leaf"))
  })
})

/** A tree that shows these keys and is blank elsewhere. */
const showing = (shown: Readonly<Record<number, Uint8Array>>): RatchetTree =>
  ({ encryptionKey: (nodeIndex: number) => shown[nodeIndex] }) as RatchetTree

describe("private keys beside a tree", () => {
  const [leaf, parent] = [suite.kemKeyPair(key(1)), suite.kemKeyPair(key(2))]

  it.each([
    ["both are right", { 0: leaf.publicKey, 1: parent.publicKey }, true],
    ["the leaf is another's", { 0: parent.publicKey, 1: parent.publicKey }, false],
    ["the node above is another's", { 0: leaf.publicKey, 1: leaf.publicKey }, false],
    ["the node above is blank", { 0: leaf.publicKey }, false],
  ])("match it only where %s", (_, shown, expected) => {
    const keys = new TreePrivateState(0, leaf.privateKey.slice())
    keys.set(1, parent.privateKey.slice())
    expect(keys.matches(suite, showing(shown))).toBe(expected)
  })

  it("do not match it where they are none of the suite's", () => {
    const none = new TreePrivateState(0, new Uint8Array(1))
    expect([none.matches(suite, showing({ 0: leaf.publicKey })), none.matches(suite, showing({}))]).toEqual([
      false,
      false,
    ])
  })

  it("are zeroed and gone where nodes became blank, but for the own leaf's", () => {
    const keys = keysOf(1, 2)
    keys.set(3, key(3))
    const blank = keys.key(1)
    keys.forgetBlank(showing({ 3: key(9) }))
    expect([keys.leafKey, keys.key(1), keys.key(3), blank]).toEqual([key(1), undefined, key(3), key(0)])
  })
})

describe("private keys that are disposed of", () => {
  it("are zeroed and gone, whether or not the suite remembers keys", () => {
    const plain: CipherSuite = { ...suite }
    delete plain.forgetPrivateKey
    const keys = keysOf(1, 2)
    const bytes = [keys.leafKey, keys.key(1)]
    keys.destroy(plain)
    expect([...bytes, keys.key(1)]).toEqual([key(0), key(0), undefined])
    expect(() => keys.leafKey).toThrow("unreachable: the key of the own leaf is only ever replaced")
  })
})
