import { concatBytes, decodeWhole } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { makeParentNode, ParentNode, readParentNode } from "./parent-node.ts"

const encryptionKey = new Uint8Array(100).fill(1)
const parentHash = new Uint8Array(32).fill(2)
const encoded = concatBytes(
  Uint8Array.of(0x40, 100),
  encryptionKey,
  Uint8Array.of(32),
  parentHash,
  Uint8Array.of(8, 0, 0, 0, 3, 0, 0, 1, 2),
)
const contentOf = (node: ParentNode): unknown => ({
  encryptionKey: node.encryptionKey,
  parentHash: node.parentHash,
  unmergedLeaves: node.unmergedLeaves,
  encoded: node.encoded,
})
const content = { encryptionKey, parentHash, unmergedLeaves: [3, 258], encoded }

describe("a parent node", () => {
  it("is laid out as RFC 9420 §7.1 says, and read back", () => {
    expect(contentOf(makeParentNode(encryptionKey, parentHash, [3, 258]))).toEqual(content)
    expect(contentOf(decodeWhole(encoded, readParentNode))).toEqual(content)
    expect(makeParentNode(encryptionKey, parentHash, []).unmergedLeaves).toEqual([])
  })

  it("shows what was stored, wherever it lies in memory", () => {
    const amidOthers = concatBytes(Uint8Array.of(1, 2, 3), encoded, Uint8Array.of(4))
    expect(contentOf(new ParentNode(amidOthers.subarray(3, -1)))).toEqual(content)
  })

  it("keeps bytes of its own length only", () => {
    expect(makeParentNode(encryptionKey, parentHash, [3, 258]).encoded.buffer.byteLength).toBe(encoded.length)
  })

  it.each([
    ["twice", [3, 3]],
    ["in falling order", [4, 3]],
  ])("is not read with unmerged leaves %s", (_, unmergedLeaves) => {
    const bytes = makeParentNode(encryptionKey, parentHash, unmergedLeaves).encoded
    const refused = expect.objectContaining({ code: "bad_value", offset: 0 })
    expect(() => decodeWhole(bytes, readParentNode)).toThrow(refused)
  })

  it("may have the first leaf unmerged", () => {
    const bytes = makeParentNode(encryptionKey, parentHash, [0, 1]).encoded
    expect(decodeWhole(bytes, readParentNode).unmergedLeaves).toEqual([0, 1])
  })
})
