import type { CipherSuite } from "@qpc/crypto"
import { credentialType } from "./credential.ts"
import { isDefaultExtension } from "./extension.ts"
import type { LeafNode } from "./leaf-node.ts"
import { Multiset } from "./multiset.ts"
import type { ParentNode } from "./parent-node.ts"
import { isDefaultProposal } from "./proposal.ts"

/** Longer keys (post-quantum ones) are indexed by their hash. */
const KEY_NAME_BYTES = 64

/** Kinds of code points that members list as supported, apart from each other in one number. */
const SUPPORT = { extension: 1 << 16, proposal: 2 << 16, credential: 3 << 16 } as const

/**
 * What the rules over all members ask for (RFC 9420 §7.3, §12.2), kept up to date leaf by leaf: which keys are in the
 * tree, and how many members support what. A question costs a lookup, a fork almost nothing.
 */
export class MemberIndex {
  readonly #suite: CipherSuite
  readonly #encryptionKeys: Multiset<string>
  readonly #signatureKeys: Multiset<string>
  readonly #credentialTypes: Multiset<number>
  readonly #supported: Multiset<number>
  #memberCount: number

  private constructor(suite: CipherSuite, from: MemberIndex | undefined) {
    this.#suite = suite
    this.#encryptionKeys = from === undefined ? Multiset.empty() : from.#encryptionKeys.fork()
    this.#signatureKeys = from === undefined ? Multiset.empty() : from.#signatureKeys.fork()
    this.#credentialTypes = from === undefined ? Multiset.empty() : from.#credentialTypes.fork()
    this.#supported = from === undefined ? Multiset.empty() : from.#supported.fork()
    this.#memberCount = from === undefined ? 0 : from.#memberCount
  }

  static empty(suite: CipherSuite): MemberIndex {
    return new MemberIndex(suite, undefined)
  }

  fork(): MemberIndex {
    return new MemberIndex(this.#suite, this)
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
    return this.#encryptionKeys.has(this.#nameOf(key))
  }

  /** True if a member signs with this key. */
  hasSignatureKey(key: Uint8Array): boolean {
    return this.#signatureKeys.has(this.#nameOf(key))
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

  addLeaf(leafNode: LeafNode): void {
    this.#memberCount++
    this.#encryptionKeys.add(this.#nameOf(leafNode.encryptionKey))
    this.#signatureKeys.add(this.#nameOf(leafNode.signatureKey))
    this.#credentialTypes.add(credentialType(leafNode.credential))
    for (const support of supportOf(leafNode)) this.#supported.add(support)
  }

  removeLeaf(leafNode: LeafNode): void {
    this.#memberCount--
    this.#encryptionKeys.remove(this.#nameOf(leafNode.encryptionKey))
    this.#signatureKeys.remove(this.#nameOf(leafNode.signatureKey))
    this.#credentialTypes.remove(credentialType(leafNode.credential))
    for (const support of supportOf(leafNode)) this.#supported.remove(support)
  }

  addParent(parent: ParentNode): void {
    this.#encryptionKeys.add(this.#nameOf(parent.encryptionKey))
  }

  removeParent(parent: ParentNode): void {
    this.#encryptionKeys.remove(this.#nameOf(parent.encryptionKey))
  }

  #everyoneLists(support: number): boolean {
    return this.#supported.count(support) === this.#memberCount
  }

  #nameOf(key: Uint8Array): string {
    return String.fromCharCode(...(key.length <= KEY_NAME_BYTES ? key : this.#suite.hash(key)))
  }
}

function supportOf({ capabilities }: LeafNode): Set<number> {
  const supported = new Set<number>()
  for (const type of capabilities.extensions) supported.add(SUPPORT.extension | type)
  for (const type of capabilities.proposals) supported.add(SUPPORT.proposal | type)
  for (const type of capabilities.credentials) supported.add(SUPPORT.credential | type)
  return supported
}
