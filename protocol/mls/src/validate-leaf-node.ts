import type { CipherSuite } from "@qpc/crypto"
import type { Brand } from "@qpc/wire"
import { supportsExtension } from "./capabilities.ts"
import { credentialType } from "./credential.ts"
import { leafNodeSignatureIsValid } from "./leaf-node.ts"
import type { LeafNode, LeafNodeSource, LeafPlace } from "./leaf-node.ts"
import { isAlive, lifetimeSpan } from "./lifetime.ts"
import type { Lifetime } from "./lifetime.ts"
import { MLS_10 } from "./protocol-version.ts"
import type { SignatureChecks } from "./signature-checks.ts"

/** A leaf node that {@link validateLeafNode} let through. Whether it fits its group is `validateMembers`' to say. */
export type ValidLeafNode = Brand<LeafNode, "ValidLeafNode">

/**
 * Why a leaf node is refused (RFC 9420 §7.3).
 *
 * - `leaf_source_mismatch`: it came as something else than it says it is.
 * - `leaf_version_unsupported`, `leaf_cipher_suite_unsupported`: its capabilities miss what the group uses (§11.1).
 * - `leaf_credential_unsupported`: its capabilities miss its own credential type (§7.2).
 * - `leaf_extension_unsupported`: it has an extension that its capabilities miss.
 * - `leaf_encryption_key_unusable`: nobody could encrypt to its key.
 * - `leaf_lifetime_not_begun`, `leaf_lifetime_expired`, `leaf_lifetime_too_long`, `leaf_lifetime_reversed`: it ends before it
 *   begins.
 * - `leaf_signature_invalid`.
 */
export type LeafNodeReason =
  | "leaf_source_mismatch"
  | "leaf_version_unsupported"
  | "leaf_cipher_suite_unsupported"
  | "leaf_credential_unsupported"
  | "leaf_extension_unsupported"
  | "leaf_encryption_key_unusable"
  | "leaf_lifetime_not_begun"
  | "leaf_lifetime_expired"
  | "leaf_lifetime_too_long"
  | "leaf_lifetime_reversed"
  | "leaf_signature_invalid"

/** The longest lifetime that a key package may have unless the caller says otherwise: a year and a day. */
export const LIFETIME_LIMIT_MS: number = 366 * 86_400_000

/** How lifetimes are judged (RFC 9420 §7.2, §7.3). */
export interface LifetimePolicy {
  /** `undefined` judges how long the lifetime is and not where it lies: right for what others took in already. */
  readonly nowMs: number | undefined
  /** Longest acceptable span; by default {@link LIFETIME_LIMIT_MS}. */
  readonly limitMs?: number
}

/** What a leaf node has to be. */
export interface LeafNodeExpectation {
  /** How it came: in a key package, an Update proposal or a commit; or `any` of these, in a tree. */
  readonly source: LeafNodeSource["kind"] | "any"
  /** Where it stands. Not needed for `key_package`. */
  readonly place?: LeafPlace
  /**
   * `undefined` for leaf nodes that have none. For the members of a tree pass no clock: their key packages may have expired
   * since (RFC 9420 §7.3), and refusing the tree for it would lock newcomers out.
   */
  readonly lifetime: LifetimePolicy | undefined
  /** Collects the signature with those of others; a valid outcome then holds only once all of them are. */
  readonly signatures?: SignatureChecks | undefined
}

/**
 * Validates a leaf node by itself (RFC 9420 §7.3). What the credential is worth is the application's to find out (§5.3.1).
 *
 * The signature comes last, being by far the dearest.
 */
export function validateLeafNode(
  suite: CipherSuite,
  leafNode: LeafNode,
  expectation: LeafNodeExpectation,
):
  | { readonly kind: "valid"; readonly leafNode: ValidLeafNode }
  | { readonly kind: "rejected"; readonly reason: LeafNodeReason } {
  const { source, place, lifetime, signatures = suite } = expectation
  const reason =
    (source !== "any" && leafNode.leafNodeSource.kind !== source ? "leaf_source_mismatch" : undefined) ??
    checkCapabilities(suite, leafNode) ??
    (suite.kemPublicKeyIsValid(leafNode.encryptionKey) ? undefined : "leaf_encryption_key_unusable") ??
    (leafNode.leafNodeSource.kind === "key_package"
      ? checkLifetime(leafNode.leafNodeSource.lifetime, lifetime)
      : undefined) ??
    (leafNodeSignatureIsValid(signatures, leafNode, place) ? undefined : "leaf_signature_invalid")
  return reason === undefined ? { kind: "valid", leafNode: leafNode as ValidLeafNode } : { kind: "rejected", reason }
}

function checkCapabilities(
  suite: CipherSuite,
  { capabilities, credential, extensions }: LeafNode,
): LeafNodeReason | undefined {
  if (!capabilities.versions.includes(MLS_10)) return "leaf_version_unsupported"
  if (!capabilities.cipherSuites.includes(suite.id)) return "leaf_cipher_suite_unsupported"
  if (!capabilities.credentials.includes(credentialType(credential))) return "leaf_credential_unsupported"
  const isListed = extensions.every(({ extensionType }) => supportsExtension(capabilities, extensionType))
  return isListed ? undefined : "leaf_extension_unsupported"
}

function checkLifetime(lifetime: Lifetime, policy: LifetimePolicy | undefined): LeafNodeReason | undefined {
  if (policy === undefined) return undefined
  const { nowMs, limitMs = LIFETIME_LIMIT_MS } = policy
  const span = lifetimeSpan(lifetime)
  if (span < 0n) return "leaf_lifetime_reversed"
  if (Number(span) * 1000 > limitMs) return "leaf_lifetime_too_long"
  if (nowMs === undefined || isAlive(lifetime, nowMs)) return undefined
  return Number(lifetime.notBefore) * 1000 > nowMs ? "leaf_lifetime_not_begun" : "leaf_lifetime_expired"
}
