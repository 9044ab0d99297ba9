import { suite0001 as suite } from "@qpc/crypto/node"
import { decodeWhole, DecodeError, encode, fromHex, toHex, toUtf8, Writer } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { readCapabilities, readRequiredCapabilities, writeCapabilities } from "./capabilities.ts"
import { decodeCommit, encodeCommit } from "./commit.ts"
import { readCredential, writeCredential } from "./credential.ts"
import { readExtensions, writeExtensions } from "./extension.ts"
import { readExternalSenders } from "./external-senders.ts"
import { decodeKeyPackage, signKeyPackage } from "./key-package.ts"
import { decodeLeafNode, signLeafNode } from "./leaf-node.ts"
import type { LeafNode } from "./leaf-node.ts"
import { writeLifetime } from "./lifetime.ts"
import { makeParentNode, readParentNode } from "./parent-node.ts"
import { decodeProposal, encodeProposal } from "./proposal.ts"
import type { Proposal } from "./proposal.ts"
import { readPreSharedKeyId } from "./psk-id.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember } from "./testing/test-member.ts"
import { decodeRatchetTree, encodeRatchetTree } from "./tree-codec.ts"
import { decodeUpdatePath, writeUpdatePath } from "./update-path.ts"
import { validateKeyPackage } from "./validate-key-package.ts"

const random = countedRandom(suite, "codecs")
const alice = testMember(suite, random)
const bob = testMember(suite, random, {
  credential: { kind: "x509", certificates: [toUtf8("own"), toUtf8("issuer")] },
  extensions: [{ extensionType: 0xf003, extensionData: toUtf8("data") }],
})
const keyPackage = signKeyPackage(suite, alice.signatureKeys.privateKey, {
  initKey: suite.kemKeyPair(random(32)).publicKey,
  leafNode: alice.leafNode,
  extensions: [{ extensionType: 10, extensionData: new Uint8Array(0) }],
})
const commitLeaf = signLeafNode(
  suite,
  bob.signatureKeys.privateKey,
  { ...bob.leafNode, leafNodeSource: { kind: "commit", parentHash: random(32) } },
  { groupId: toUtf8("group"), leafIndex: 1 },
)
const sealed = { kemOutput: random(32), ciphertext: random(48) }
const updatePath = {
  leafNode: commitLeaf,
  nodes: [{ encryptionKey: random(32), encryptedPathSecret: [sealed, sealed] }],
}
const proposals: readonly Proposal[] = [
  { kind: "add", keyPackage },
  { kind: "update", leafNode: commitLeaf },
  { kind: "remove", removed: 7 },
  { kind: "psk", id: { kind: "external", pskId: toUtf8("id"), pskNonce: random(32) } },
  {
    kind: "psk",
    id: { kind: "resumption", usage: "branch", pskGroupId: toUtf8("group"), pskEpoch: 3n, pskNonce: random(32) },
  },
  { kind: "reinit", groupId: toUtf8("group"), version: 1, cipherSuite: 1, extensions: [] },
  { kind: "external_init", kemOutput: random(32) },
  { kind: "group_context_extensions", extensions: [{ extensionType: 3, extensionData: random(9) }] },
  { kind: "custom", type: 0x0a0a, body: toUtf8("grease") },
]
const commit = {
  proposals: [
    ...proposals.map((proposal) => ({ kind: "proposal", proposal }) as const),
    { kind: "reference", reference: random(32) } as const,
  ],
  path: updatePath,
}

const treeBytes = (() => {
  const tree = RatchetTree.ofCreator(suite, alice.leafNode)
  for (let at = 0; at < 4; at++) tree.addLeaf(bob.leafNode)
  tree.setPath(
    1,
    commitLeaf,
    new Map([
      [1, makeParentNode(random(32), random(32), [])],
      [3, makeParentNode(random(32), random(32), [])],
    ]),
  )
  return encodeRatchetTree(tree)
})()

/** Every decoder, with valid bytes to mutate. Each writes back what it understood. */
const codecs: Record<string, { readonly valid: Uint8Array; readonly rewrite: (bytes: Uint8Array) => Uint8Array }> = {
  "leaf node": { valid: commitLeaf.encoded, rewrite: (bytes) => rewriteLeafNode(decodeLeafNode(bytes)) },
  "key package": { valid: keyPackage.encoded, rewrite: rewriteKeyPackage },
  commit: { valid: encodeCommit(commit), rewrite: (bytes) => encodeCommit(decodeCommit(bytes)) },
  "update path": {
    valid: encode((w) => writeUpdatePath(w, updatePath)),
    rewrite: (bytes) => encode((w) => writeUpdatePath(w, decodeUpdatePath(bytes))),
  },
  "ratchet tree": { valid: treeBytes, rewrite: (bytes) => encodeRatchetTree(decodeRatchetTree(bytes, suite, 16)) },
  "parent node": {
    valid: makeParentNode(random(32), random(32), [1, 2, 9]).encoded,
    rewrite: (bytes) => {
      const { encryptionKey, parentHash, unmergedLeaves } = decodeWhole(bytes, readParentNode)
      return makeParentNode(encryptionKey, parentHash, unmergedLeaves).encoded
    },
  },
  capabilities: {
    valid: encode((w) => writeCapabilities(w, bob.leafNode.capabilities)),
    rewrite: (bytes) => encode((w) => writeCapabilities(w, decodeWhole(bytes, readCapabilities))),
  },
  ...Object.fromEntries(
    proposals.map((proposal, at) => [
      `proposal ${at} (${proposal.kind})`,
      { valid: encodeProposal(proposal), rewrite: (bytes: Uint8Array) => encodeProposal(decodeProposal(bytes)) },
    ]),
  ),
}

function rewriteLeafNode(leafNode: LeafNode): Uint8Array {
  const { encryptionKey, signatureKey, credential, capabilities, leafNodeSource, extensions, signature } = leafNode
  const writer = new Writer().vector(encryptionKey).vector(signatureKey)
  writeCredential(writer, credential)
  writeCapabilities(writer, capabilities)
  if (leafNodeSource.kind === "key_package") writeLifetime(writer.uint8(1), leafNodeSource.lifetime)
  if (leafNodeSource.kind === "update") writer.uint8(2)
  if (leafNodeSource.kind === "commit") writer.uint8(3).vector(leafNodeSource.parentHash)
  writeExtensions(writer, extensions)
  return writer.vector(signature).finish()
}

function rewriteKeyPackage(bytes: Uint8Array): Uint8Array {
  const { version, cipherSuite, initKey, leafNode, extensions, signature } = decodeKeyPackage(bytes)
  const writer = new Writer().uint16(version).uint16(cipherSuite).vector(initKey).bytes(rewriteLeafNode(leafNode))
  writeExtensions(writer, extensions)
  return writer.vector(signature).finish()
}

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

const endBlank = (): Uint8Array => encode((w) => w.vector(Uint8Array.of(1, 1, ...alice.leafNode.encoded, 0)))
const leafAsParent = (): Uint8Array => {
  const node = Uint8Array.of(1, 1, ...alice.leafNode.encoded)
  return encode((w) => w.vector(Uint8Array.of(...node, ...node)))
}
const blankTree = (nodes: number): Uint8Array => encode((w) => w.vector(new Uint8Array(nodes)))
const unmerged = (leaves: readonly number[]): Uint8Array => makeParentNode(random(32), random(32), leaves).encoded
const manyCodePoints = (): Uint8Array => encode((w) => w.vector(new Uint8Array(9000)).bytes(new Uint8Array(4)))
