import type { CipherSuite } from "@qpc/crypto"
import { decodedOrUndefined, equalBytes } from "@qpc/wire"
import type { Brand } from "@qpc/wire"
import { supportsExtension } from "./capabilities.ts"
import type { Credential } from "./credential.ts"
import { credentialJudge } from "./credential-validator.ts"
import type { CredentialReason, CredentialValidator } from "./credential-validator.ts"
import { EXTENSION_TYPES, findExtension } from "./extension.ts"
import { keyPackageRef, keyPackageSignatureIsValid } from "./key-package.ts"
import type { KeyPackage } from "./key-package.ts"
import { decodeMlsMessage } from "./mls-message.ts"
import { MLS_10 } from "./protocol-version.ts"
import { SignatureChecks } from "./signature-checks.ts"
import { validateLeafNode } from "./validate-leaf-node.ts"
import type { LeafNodeReason, LifetimePolicy, ValidLeafNode } from "./validate-leaf-node.ts"

/** A key package that {@link verifyKeyPackage} let through. */
export type ValidKeyPackage = Brand<KeyPackage, "ValidKeyPackage"> & { readonly leafNode: ValidLeafNode }

/**
 * Why a key package is refused (RFC 9420 §10.1).
 *
 * - `key_package_malformed`: not an MLSMessage of a key package.
 * - `key_package_version`, `key_package_cipher_suite`: not those of the group.
 * - `key_package_init_key_unusable`: nobody could seal a Welcome to it.
 * - `key_package_extension_unsupported`: it has an extension that the capabilities of its leaf miss (§10).
 * - `key_package_init_key_reused`: the init key is the encryption key of the leaf.
 * - `key_package_signature_invalid`.
 */
export type KeyPackageReason =
  | "key_package_malformed"
  | "key_package_version"
  | "key_package_cipher_suite"
  | "key_package_init_key_unusable"
  | "key_package_init_key_reused"
  | "key_package_extension_unsupported"
  | "key_package_signature_invalid"
  | LeafNodeReason
  | CredentialReason

/** What a valid key package says, for the application to judge. */
export interface KeyPackageVerdict {
  readonly kind: "valid"
  readonly keyPackage: ValidKeyPackage
  readonly signatureKey: Uint8Array
  readonly credential: Credential
  /** KeyPackageRef (RFC 9420 §5.2). */
  readonly ref: Uint8Array
  /** True if its owner lets it be used more than once, when all others are gone (RFC 9420 §16.8). */
  readonly isLastResort: boolean
}

/** What a published key package is judged by, beside the clock. */
export interface KeyPackageJudgement {
  /** Longest lifetime in milliseconds; default `DEFAULT_LIMITS.leafLifetimeMs`. */
  readonly lifetimeLimitMs?: number
  /** See `GroupPolicy.credentialValidator`. */
  readonly credentialValidator?: CredentialValidator
}

/**
 * Validates a published key package: an MLSMessage (RFC 9420 §10.1). Total for foreign bytes. The result owns a copy.
 *
 * Whether the credential belongs to whom it names a validator may say (RFC 9420 §5.3.1), or the application finds out after.
 */
export function validateKeyPackage(
  suite: CipherSuite,
  bytes: Uint8Array,
  nowMs: number,
  { lifetimeLimitMs, credentialValidator }: KeyPackageJudgement = {},
): KeyPackageVerdict | { readonly kind: "rejected"; readonly reason: KeyPackageReason } {
  const message = decodedOrUndefined(() => decodeMlsMessage(new Uint8Array(bytes)))
  if (message?.kind !== "key_package") return { kind: "rejected", reason: "key_package_malformed" }
  const keyPackage = message.message
  const lifetime = lifetimeLimitMs === undefined ? { nowMs } : { nowMs, limitMs: lifetimeLimitMs }
  const outcome = verifyKeyPackage(suite, keyPackage, lifetime)
  if (outcome.kind === "rejected") return outcome
  const { signatureKey, credential } = keyPackage.leafNode
  const judge = credentialJudge(credentialValidator, nowMs)
  const reason = judge({ credential, signatureKey, place: "key_package", predecessor: undefined })
  if (reason !== undefined) return { kind: "rejected", reason }
  return {
    kind: "valid",
    keyPackage: outcome.keyPackage,
    signatureKey,
    credential,
    ref: keyPackageRef(suite, keyPackage),
    isLastResort: findExtension(keyPackage.extensions, EXTENSION_TYPES.lastResort) !== undefined,
  }
}

/**
 * Validates a decoded key package, as in an Add proposal (RFC 9420 §10.1). Signatures come last, being the dearest.
 *
 * @param lifetime - without a clock only its length is judged (RFC 9420 §7.3 recommends the other check to receivers, §7.2 demands this).
 * @param signatures - Collects both signatures with those of others; a valid outcome then holds only once all of them are.
 */
export function verifyKeyPackage(
  suite: CipherSuite,
  keyPackage: KeyPackage,
  lifetime: LifetimePolicy | undefined,
  signatures?: SignatureChecks,
):
  | { readonly kind: "valid"; readonly keyPackage: ValidKeyPackage }
  | { readonly kind: "rejected"; readonly reason: KeyPackageReason } {
  const { initKey, leafNode, extensions } = keyPackage
  const refuse = (reason: KeyPackageReason) => ({ kind: "rejected", reason }) as const
  if (keyPackage.version !== MLS_10) return refuse("key_package_version")
  if (keyPackage.cipherSuite !== suite.id) return refuse("key_package_cipher_suite")
  if (equalBytes(initKey, leafNode.encryptionKey)) return refuse("key_package_init_key_reused")
  if (!suite.kemPublicKeyIsValid(initKey)) return refuse("key_package_init_key_unusable")
  const isListed = extensions.every(({ extensionType }) => supportsExtension(leafNode.capabilities, extensionType))
  if (!isListed) return refuse("key_package_extension_unsupported")
  const leaf = validateLeafNode(suite, leafNode, { source: "key_package", lifetime, signatures })
  if (leaf.kind === "rejected") return leaf
  if (!keyPackageSignatureIsValid(signatures ?? suite, keyPackage)) return refuse("key_package_signature_invalid")
  return { kind: "valid", keyPackage: keyPackage as ValidKeyPackage }
}

/** Validates the key packages of one commit, as {@link verifyKeyPackage} does each; many signatures at once cost less. */
export function verifyKeyPackages(
  suite: CipherSuite,
  keyPackages: readonly KeyPackage[],
  lifetime: LifetimePolicy | undefined,
): readonly ValidKeyPackage[] | KeyPackageReason {
  const signatures = new SignatureChecks(suite)
  const together = verifyEach(suite, keyPackages, lifetime, signatures)
  // Together they tell that something is wrong; only one by one they tell what.
  return signatures.allValid() ? together : verifyEach(suite, keyPackages, lifetime)
}

function verifyEach(
  suite: CipherSuite,
  keyPackages: readonly KeyPackage[],
  lifetime: LifetimePolicy | undefined,
  signatures?: SignatureChecks,
): readonly ValidKeyPackage[] | KeyPackageReason {
  const valid: ValidKeyPackage[] = []
  for (const keyPackage of keyPackages) {
    const outcome = verifyKeyPackage(suite, keyPackage, lifetime, signatures)
    if (outcome.kind === "rejected") return outcome.reason
    valid.push(outcome.keyPackage)
  }
  return valid
}
