import { suite0001 as suite } from "@qpc/crypto/node"
import { decodeWhole, DecodeError, encode, fromHex, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { readCapabilities, readRequiredCapabilities } from "./capabilities.ts"
import { decodeCommit } from "./commit.ts"
import { readCredential, writeCredential } from "./credential.ts"
import { readExtensions, writeExtensions } from "./extension.ts"
import { readExternalSenders } from "./external-senders.ts"
import { makeParentNode, readParentNode } from "./parent-node.ts"
import { decodeProposal, encodeProposal } from "./proposal.ts"
import { readPreSharedKeyId } from "./psk-id.ts"
import { treeCodecs } from "./testing/tree-codecs.ts"
import { decodeRatchetTree } from "./tree-codec.ts"
import { validateKeyPackage } from "./validate-key-package.ts"

const { codecs, leafNode, keyPackage, treeBytes } = treeCodecs()

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

/** Values that lengths and tags care about. */
const TELLING = [0, 1, 2, 3, 0x40, 0x80, 0xc0, 0xff]

function mutate(valid: Uint8Array, next: () => number): Uint8Array {
  const bytes = valid.slice()
  for (let count = 1 + (next() % 3); count > 0; count--) {
    const at = next() % bytes.length
    bytes[at] = next() % 3 === 0 ? TELLING.at(next() % 8)! : bytes.at(at)! ^ (1 << (next() % 8))
  }
  const cut = next() % 4
  if (cut === 0) return bytes.subarray(0, next() % bytes.length)
  if (cut === 1) return Uint8Array.of(...bytes, next() & 0xff)
  return bytes
}

function refusal(decode: () => unknown): string {
  try {
    decode()
    return "accepted"
  } catch (error) {
    if (error instanceof DecodeError) return error.code
    throw error
  }
}

describe("codecs", () => {
  it.each(Object.entries(codecs))("read back what they wrote: %s", (_, { valid, rewrite }) => {
    expect(toHex(rewrite(valid))).toBe(toHex(valid))
  })

  it.each(Object.entries(codecs))("refuse trailing bytes and every truncation: %s", (_, { valid, rewrite }) => {
    expect(refusal(() => rewrite(Uint8Array.of(...valid, 0)))).not.toBe("accepted")
    for (let length = 0; length < valid.length; length++) {
      expect(refusal(() => rewrite(valid.subarray(0, length)))).not.toBe("accepted")
    }
  })

  it("survive 100 000 foreign inputs, and what they accept has no second encoding", () => {
    const entries = Object.values(codecs)
    const next = xorshift(0x9420)
    let acceptedCount = 0
    for (let run = 0; run < 100_000; run++) {
      const { valid, rewrite } = entries.at(run % entries.length)!
      const isRandom = run % 8 === 0
      const input = isRandom ? Uint8Array.from({ length: next() % 64 }, () => next() & 0xff) : mutate(valid, next)
      let rewritten: Uint8Array | undefined
      try {
        rewritten = rewrite(input)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw new Error(`not refused: ${toHex(input)}`, { cause: error })
      }
      if (rewritten === undefined) continue
      acceptedCount++
      if (Buffer.compare(rewritten, input) !== 0) throw new Error(`two encodings: ${toHex(input)}`)
    }
    expect(acceptedCount).toBeGreaterThan(10_000)
  })

  it("survive random bytes as the content of extensions and as published key packages", () => {
    const next = xorshift(0x5eed)
    const published = Uint8Array.of(0, 1, 0, 5, ...keyPackage.encoded)
    for (let run = 0; run < 5000; run++) {
      const input = Uint8Array.from({ length: next() % 24 }, () => next() & 0xff)
      refusal(() => decodeWhole(input, readRequiredCapabilities))
      refusal(() => decodeWhole(input, readExternalSenders))
      refusal(() => decodeWhole(input, readPreSharedKeyId))
      expect(validateKeyPackage(suite, mutate(published, next), 0).kind).toBe("rejected")
    }
  })
})

describe("what the decoders refuse", () => {
  it.each([
    ["a length in a longer form than needed", () => decodeWhole(fromHex("400100"), readExtensions), "not_minimal"],
    ["a reserved length prefix", () => decodeWhole(fromHex("c0"), readExtensions), "reserved_value"],
    ["a presence byte of 2", () => decodeCommit(fromHex("0002")), "reserved_value"],
    ["a presence byte of 2 in a tree", () => decodeRatchetTree(fromHex("0102"), suite), "reserved_value"],
    ["a node of type 3", () => decodeRatchetTree(fromHex("020103"), suite), "reserved_value"],
    ["an empty tree", () => decodeRatchetTree(fromHex("00"), suite), "bad_value"],
    ["a tree that ends blank", () => decodeRatchetTree(endBlank(), suite), "bad_value"],
    ["a leaf where a parent must be", () => decodeRatchetTree(leafAsParent(), suite), "bad_value"],
    ["a parent where a leaf must be", () => decodeRatchetTree(fromHex("050102000000"), suite), "bad_value"],
    ["a tree above the limit", () => decodeRatchetTree(treeBytes, suite, 4), "too_large"],
    ["a million blank nodes", () => decodeRatchetTree(blankTree(1_000_000), suite), "too_large"],
    ["unmerged leaves that do not increase", () => decodeWhole(unmerged([2, 2]), readParentNode), "bad_value"],
    ["two extensions of one type", () => decodeWhole(fromHex("06f00100f00100"), readExtensions), "bad_value"],
    ["extension type 0", () => decodeWhole(fromHex("03000000"), readExtensions), "reserved_value"],
    ["credential type 0", () => decodeWhole(fromHex("000000"), readCredential), "reserved_value"],
    ["33 certificates", () => decodeWhole(fromHex(`000221${"00".repeat(33)}`), readCredential), "too_large"],
    ["proposal type 0", () => decodeProposal(fromHex("000000")), "reserved_value"],
    ["a PSK of type 3", () => decodeProposal(fromHex("000403")), "reserved_value"],
    ["a resumption PSK of usage 0", () => decodeProposal(fromHex("00040200")), "reserved_value"],
    ["a ProposalOrRef of type 3", () => decodeCommit(fromHex("010300")), "reserved_value"],
    ["more code points than any client has", () => decodeWhole(manyCodePoints(), readCapabilities), "too_large"],
  ])("%s", (_, decode, code) => {
    expect(refusal(decode)).toBe(code)
  })

  it("nothing of ours would read back as another value", () => {
    expect(() => encodeProposal({ kind: "custom", type: 3, body: new Uint8Array(0) })).toThrow(RangeError)
    const credential = { kind: "unknown", type: 1, body: new Uint8Array(0) } as const
    expect(() => encode((w) => writeCredential(w, credential))).toThrow(RangeError)
    const extension = { extensionType: 0xf001, extensionData: new Uint8Array(0) }
    expect(() => encode((w) => writeExtensions(w, [extension, extension]))).toThrow(RangeError)
  })
})

const endBlank = (): Uint8Array => encode((w) => w.vector(Uint8Array.of(1, 1, ...leafNode.encoded, 0)))
const leafAsParent = (): Uint8Array => {
  const node = Uint8Array.of(1, 1, ...leafNode.encoded)
  return encode((w) => w.vector(Uint8Array.of(...node, ...node)))
}
const blankTree = (nodes: number): Uint8Array => encode((w) => w.vector(new Uint8Array(nodes)))
const unmerged = (leaves: readonly number[]): Uint8Array =>
  makeParentNode(new Uint8Array(32), new Uint8Array(32), leaves).encoded
const manyCodePoints = (): Uint8Array => encode((w) => w.vector(new Uint8Array(9000)).bytes(new Uint8Array(4)))
