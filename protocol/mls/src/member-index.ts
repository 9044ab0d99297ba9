import type { CipherSuite } from "@qpc/crypto"
import { credentialType } from "./credential.ts"
import { isDefaultExtension } from "./extension.ts"
import { KeySet } from "./key-set.ts"
import type { LeafNode, StoredLeafNode } from "./leaf-node.ts"
import { Multiset } from "./multiset.ts"
import type { ParentNode } from "./parent-node.ts"
import { isDefaultProposal } from "./proposal.ts"

/** Longer keys (post-quantum ones) are ordered by their hash. */
const KEY_PATH_BYTES = 64

/** Kinds of code points that members list as supported, apart from each other in one number. */
const SUPPORT = { extension: 1 << 16, proposal: 2 << 16, credential: 3 << 16 } as const

/**
 * What the rules over all members ask for (RFC 9420 §7.3, §12.2), kept up to date leaf by leaf: which keys are in the
 * tree, and how many members support what. A question costs a lookup, a fork almost nothing.
 */
export class MemberIndex {
  #encryptionKeys: KeySet<StoredLeafNode | ParentNode>
  #signatureKeys: KeySet<StoredLeafNode>
  readonly #credentialTypes: Multiset<number>
  readonly #supported: Multiset<number>
  #memberCount: number

  private constructor(
    encryptionKeys: KeySet<StoredLeafNode | ParentNode>,
    signatureKeys: KeySet<StoredLeafNode>,
    credentialTypes: Multiset<number>,
    supported: Multiset<number>,
    memberCount: number,
  ) {
    this.#encryptionKeys = encryptionKeys
    this.#signatureKeys = signatureKeys
    this.#credentialTypes = credentialTypes
    this.#supported = supported
    this.#memberCount = memberCount
  }

  static empty(suite: CipherSuite): MemberIndex {
    const pathOf = (key: Uint8Array): Uint8Array => (key.length <= KEY_PATH_BYTES ? key : suite.hash(key))
    return new MemberIndex(
      KeySet.empty({ keyOf: (node) => node.encryptionKey, pathOf }),
      KeySet.empty({ keyOf: (leaf) => leaf.signatureKey, pathOf }),
      Multiset.empty(),
      Multiset.empty(),
      0,
    )
  }

  fork(): MemberIndex {
    return new MemberIndex(
      this.#encryptionKeys,
      this.#signatureKeys,
      this.#credentialTypes.fork(),
      this.#supported.fork(),
      this.#memberCount,
    )
  }

  /** True if two nodes share an encryption key (RFC 9420 §7.3, §12.4.3.1). */
  get repeatsEncryptionKey(): boolean {
    return this.#encryptionKeys.repeatedCount > 0
  }

  /** True if two members share a signature key (RFC 9420 §7.3). */
  get repeatsSignatureKey(): boolean {
    return this.#signatureKeys.repeatedCount > 0
  }

  /** True if a leaf or parent node has this key. */
  hasEncryptionKey(key: Uint8Array): boolean {
    return this.#encryptionKeys.has(key)
  }

  /** True if a member signs with this key. */
  hasSignatureKey(key: Uint8Array): boolean {
    return this.#signatureKeys.has(key)
  }

  /** The credential types that members present. */
  credentialTypesInUse(): number[] {
    return [...this.#credentialTypes.values()]
  }

  /** True if all members list the type, or it is a default one (RFC 9420 §7.2). */
  everyoneSupportsExtension(type: number): boolean {
    return isDefaultExtension(type) || this.#everyoneLists(SUPPORT.extension | type)
  }

  /** True if all members list the type, or it is a default one (RFC 9420 §7.2). */
  everyoneSupportsProposal(type: number): boolean {
    return isDefaultProposal(type) || this.#everyoneLists(SUPPORT.proposal | type)
  }

  /** True if all members list the type; no credential type is a default (RFC 9420 §11.1). */
  everyoneSupportsCredential(type: number): boolean {
    return this.#everyoneLists(SUPPORT.credential | type)
  }

  /** @param leafNode - What `stored` decodes to. */
  addLeaf(stored: StoredLeafNode, leafNode: LeafNode): void {
    this.#memberCount++
    this.#encryptionKeys = this.#encryptionKeys.with(stored)
    this.#signatureKeys = this.#signatureKeys.with(stored)
    this.#credentialTypes.add(credentialType(leafNode.credential))
    for (const support of supportOf(leafNode)) this.#supported.add(support)
  }

  removeLeaf(stored: StoredLeafNode): void {
    const leafNode = stored.decode()
    this.#memberCount--
    this.#encryptionKeys = this.#encryptionKeys.without(stored)
    this.#signatureKeys = this.#signatureKeys.without(stored)
    this.#credentialTypes.remove(credentialType(leafNode.credential))
    for (const support of supportOf(leafNode)) this.#supported.remove(support)
  }

  addParent(parent: ParentNode): void {
    this.#encryptionKeys = this.#encryptionKeys.with(parent)
  }

  removeParent(parent: ParentNode): void {
    this.#encryptionKeys = this.#encryptionKeys.without(parent)
  }

  #everyoneLists(support: number): boolean {
    return this.#supported.count(support) === this.#memberCount
  }
}

function supportOf({ capabilities }: LeafNode): Set<number> {
  const supported = new Set<number>()
  for (const type of capabilities.extensions) supported.add(SUPPORT.extension | type)
  for (const type of capabilities.proposals) supported.add(SUPPORT.proposal | type)
  for (const type of capabilities.credentials) supported.add(SUPPORT.credential | type)
  return supported
}
