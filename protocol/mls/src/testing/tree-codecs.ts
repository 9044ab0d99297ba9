import { suite0001 as suite } from "@qpc/crypto/node"
import { decodeWhole, encode, toUtf8, Writer } from "@qpc/wire"
import { readCapabilities, writeCapabilities } from "../capabilities.ts"
import { decodeCommit, encodeCommit } from "../commit.ts"
import { writeCredential } from "../credential.ts"
import { writeExtensions } from "../extension.ts"
import { decodeKeyPackage, signKeyPackage } from "../key-package.ts"
import type { KeyPackage } from "../key-package.ts"
import { decodeLeafNode, signLeafNode } from "../leaf-node.ts"
import type { LeafNode } from "../leaf-node.ts"
import { writeLifetime } from "../lifetime.ts"
import { makeParentNode, readParentNode } from "../parent-node.ts"
import { decodeProposal, encodeProposal } from "../proposal.ts"
import type { Proposal } from "../proposal.ts"
import { RatchetTree } from "../ratchet-tree.ts"
import { decodeRatchetTree, encodeRatchetTree } from "../tree-codec.ts"
import { decodeUpdatePath, writeUpdatePath } from "../update-path.ts"
import type { Codec } from "./codec.ts"
import { countedRandom } from "./counted-random.ts"
import { testMember } from "./test-member.ts"

/** One valid encoding of everything that trees and proposals are made of. */
export interface TreeCodecs {
  readonly codecs: Readonly<Record<string, Codec>>
  readonly leafNode: LeafNode
  readonly keyPackage: KeyPackage
  readonly treeBytes: Uint8Array
}

/** The same bytes in every run. */
// A table of samples: cutting it would only hide which are missing.
// oxlint-disable-next-line max-lines-per-function
export function treeCodecs(): TreeCodecs {
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

  const codecs: Readonly<Record<string, Codec>> = {
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
        {
          decoder: "proposal",
          valid: encodeProposal(proposal),
          rewrite: (bytes: Uint8Array) => encodeProposal(decodeProposal(bytes)),
        },
      ]),
    ),
  }
  return { codecs, leafNode: alice.leafNode, keyPackage, treeBytes }
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
