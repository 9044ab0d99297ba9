import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { toUtf8 } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { decodeLeafNode, signLeafNode } from "../leaf-node.ts"
import type { LeafNode, LeafNodeContent } from "../leaf-node.ts"
import { lifetimeFrom } from "../lifetime.ts"
import { MLS_10 } from "../protocol-version.ts"

/** Someone who can be put into a tree. For tests only. */
export interface TestMember {
  readonly signatureKeys: KeyPair
  readonly leafKeys: KeyPair
  readonly leafNode: LeafNode
}

/** When the tests play. */
export const TEST_NOW_MS = 1_800_000_000_000

/** A member with fresh keys and a leaf node of source `key_package`, changed as a test needs it. */
export function testMember(suite: CipherSuite, random: Random, changes: Partial<LeafNodeContent> = {}): TestMember {
  const signatureKeys = suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes))
  const leafKeys = suite.kemKeyPair(random(suite.sizes.kemSeedBytes))
  const content: LeafNodeContent = {
    encryptionKey: leafKeys.publicKey,
    signatureKey: signatureKeys.publicKey,
    credential: { kind: "basic", identity: toUtf8("somebody") },
    capabilities: { versions: [MLS_10], cipherSuites: [suite.id], extensions: [], proposals: [], credentials: [1] },
    leafNodeSource: { kind: "key_package", lifetime: lifetimeFrom(TEST_NOW_MS, 86_400_000) },
    extensions: [],
    ...changes,
  }
  return { signatureKeys, leafKeys, leafNode: signLeafNode(suite, signatureKeys.privateKey, content) }
}

/** The same leaf node with a signature that does not verify. For tests only. */
export function withBrokenSignature(leafNode: LeafNode): LeafNode {
  const bytes = leafNode.encoded.slice()
  bytes[bytes.length - 1]! ^= 1
  return decodeLeafNode(bytes)
}
