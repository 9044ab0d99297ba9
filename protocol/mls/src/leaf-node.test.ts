import { suite0001 as suite } from "@qpc/crypto/node"
import { concatBytes, encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import {
  decodeLeafNode,
  leafNodeSignatureIsValid,
  ownedEncoding,
  signLeafNode,
  StoredLeafNode,
  writeLeafNode,
} from "./leaf-node.ts"
import type { LeafNode, LeafNodeContent, LeafNodeSource, LeafPlace } from "./leaf-node.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember } from "./testing/test-member.ts"

const random = countedRandom(suite, "leaf nodes")
const member = testMember(suite, random, { extensions: [{ extensionType: 0xf001, extensionData: toUtf8("data") }] })
const place: LeafPlace = { groupId: toUtf8("group"), leafIndex: 3 }
const fromKeyPackage = member.leafNode.leafNodeSource
const sources: readonly LeafNodeSource[] = [
  fromKeyPackage,
  { kind: "update" },
  { kind: "commit", parentHash: random(32) },
]

function sign(leafNodeSource: LeafNodeSource, at?: LeafPlace): LeafNode {
  return signLeafNode(suite, member.signatureKeys.privateKey, { ...member.leafNode, leafNodeSource }, at)
}

const isValid = (leafNode: LeafNode, at?: LeafPlace): boolean => leafNodeSignatureIsValid(suite, leafNode, at)

/** A leaf node in the middle of other bytes, as in a message. */
function amidOthers(leafNode: LeafNode): Uint8Array {
  const { length } = leafNode.encoded
  return concatBytes(Uint8Array.of(1, 2, 3), leafNode.encoded, Uint8Array.of(4)).subarray(3, 3 + length)
}

describe("a leaf node", () => {
  it.each(sources)("is read back as it was signed: $kind", (leafNodeSource) => {
    const leafNode = sign(leafNodeSource, place)
    const { encryptionKey, signatureKey, credential, capabilities, extensions } = member.leafNode
    const said: LeafNodeContent = {
      encryptionKey,
      signatureKey,
      credential,
      capabilities,
      extensions,
      leafNodeSource,
    }
    const { signature, encoded, signed, ...content } = decodeLeafNode(leafNode.encoded)
    expect(content).toEqual(said)
    expect(
      concatBytes(
        signed,
        encode((writer) => writer.vector(signature)),
      ),
    ).toEqual(encoded)
    expect(encoded).toEqual(leafNode.encoded)
    expect(encode((writer) => writeLeafNode(writer, leafNode))).toEqual(encoded)
  })

  it("has one encoding of each source (RFC 9420 §7.2)", () => {
    const [, update, commit] = sources.map((source) =>
      signLeafNode(
        suite,
        member.signatureKeys.privateKey,
        {
          ...member.leafNode,
          leafNodeSource: source,
          extensions: [],
        },
        place,
      ),
    )
    expect(update!.signed.subarray(-2)).toEqual(Uint8Array.of(2, 0))
    expect(commit!.signed.subarray(-35, -33)).toEqual(Uint8Array.of(3, 32))
  })

  it("is not read with a source that is not listed", () => {
    const { encoded, signed } = signLeafNode(
      suite,
      member.signatureKeys.privateKey,
      { ...member.leafNode, leafNodeSource: { kind: "update" }, extensions: [] },
      place,
    )
    const at = signed.length - 2
    for (const source of [0, 4]) {
      const refused = expect.objectContaining({ code: "reserved_value", offset: at })
      expect(() => decodeLeafNode(encoded.with(at, source))).toThrow(refused)
    }
  })
})

describe("the signature of a leaf node", () => {
  it("is for no place, where it is in a key package", () => {
    const leafNode = sign(fromKeyPackage)
    expect(sign(fromKeyPackage, place).encoded).toEqual(leafNode.encoded)
    expect([isValid(leafNode), isValid(leafNode, place)]).toEqual([true, true])
  })

  it.each(sources.slice(1))("is for one leaf of one group, where it comes from $kind", (source) => {
    const leafNode = sign(source, place)
    expect(isValid(leafNode, place)).toBe(true)
    expect(isValid(leafNode, { ...place, leafIndex: 2 })).toBe(false)
    expect(isValid(leafNode, { ...place, groupId: toUtf8("other") })).toBe(false)
  })

  it.each(sources.slice(1))("is neither made nor checked without a place, where it comes from $kind", (source) => {
    const reason = new TypeError(`a leaf node from ${source.kind} is signed for a place in a group`)
    expect(() => sign(source)).toThrow(reason)
    expect(() => isValid(sign(source, place))).toThrow(reason)
  })

  it("is that of the key in the leaf, over all of it", () => {
    const leafNode = sign(fromKeyPackage)
    const { signatureKey } = testMember(suite, random).leafNode
    expect(isValid({ ...leafNode, signatureKey })).toBe(false)
    expect(isValid({ ...leafNode, signed: leafNode.signed.with(1, leafNode.signed[1]! ^ 1) })).toBe(false)
    expect(isValid({ ...leafNode, signature: leafNode.signature.with(0, leafNode.signature[0]! ^ 1) })).toBe(false)
  })
})

describe("a stored leaf node", () => {
  it("shows what was stored, wherever it lies in memory", () => {
    const { leafNode } = member
    const stored = new StoredLeafNode(amidOthers(leafNode))
    expect(stored.encoded).toEqual(leafNode.encoded)
    expect(stored.encryptionKey).toEqual(leafNode.encryptionKey)
    expect(stored.signatureKey).toEqual(leafNode.signatureKey)
    expect(stored.decode()).toEqual(leafNode)
  })
})

describe("the bytes of a leaf node to keep", () => {
  it("are a copy where the leaf lies in a message, so that the message can go", () => {
    const kept = ownedEncoding(decodeLeafNode(amidOthers(member.leafNode)))
    expect(kept).toEqual(member.leafNode.encoded)
    expect(kept.buffer.byteLength).toBe(kept.length)
  })

  it("are the leaf's own where it lies alone", () => {
    const alone = decodeLeafNode(member.leafNode.encoded.slice())
    expect(ownedEncoding(alone)).toBe(alone.encoded)
  })
})
