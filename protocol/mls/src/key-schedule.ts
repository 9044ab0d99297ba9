import type { CipherSuite } from "@qpc/crypto"
import { toUtf8 } from "@qpc/wire"
import type { GroupContext } from "./group-context.ts"
import { deriveSecret, expandWithLabel } from "./labels.ts"

/** What comes out of an epoch secret (RFC 9420 §8, table 4). */
export interface EpochSecrets extends KeptSecrets {
  /** Root of the secret tree, which takes it over. */
  readonly encryptionSecret: Uint8Array
}

/** What an epoch keeps beside its secret tree. Its owner's to zero, see {@link zeroSecrets}. */
export interface KeptSecrets {
  readonly senderDataSecret: Uint8Array
  readonly exporterSecret: Uint8Array
  readonly externalSecret: Uint8Array
  readonly confirmationKey: Uint8Array
  readonly membershipKey: Uint8Array
  readonly resumptionPsk: Uint8Array
  readonly epochAuthenticator: Uint8Array
  readonly initSecret: Uint8Array
}

/** The secret of an epoch that the next commit opens (RFC 9420 §8). `groupContext` is that of the new epoch. */
export function joinerSecret(
  suite: CipherSuite,
  initSecret: Uint8Array,
  commitSecret: Uint8Array,
  groupContext: GroupContext,
): Uint8Array {
  const extracted = suite.extract(initSecret, commitSecret)
  const joiner = expandWithLabel(suite, extracted, "joiner", groupContext.encoded, suite.sizes.hashBytes)
  extracted.fill(0)
  return joiner
}

/** What members and newcomers both reach from the joiner secret and the PSKs (RFC 9420 §8). */
export function memberSecret(suite: CipherSuite, joiner: Uint8Array, pskSecret: Uint8Array): Uint8Array {
  return suite.extract(joiner, pskSecret)
}

/** `welcome_secret` (RFC 9420 §8): opens the group info of a Welcome. */
export function welcomeSecret(suite: CipherSuite, member: Uint8Array): Uint8Array {
  return deriveSecret(suite, member, "welcome")
}

/** All secrets of an epoch, for those who have its member secret (RFC 9420 §8). */
export function epochSecrets(suite: CipherSuite, member: Uint8Array, groupContext: GroupContext): EpochSecrets {
  const epochSecret = expandWithLabel(suite, member, "epoch", groupContext.encoded, suite.sizes.hashBytes)
  const secrets = secretsOf(suite, epochSecret)
  epochSecret.fill(0)
  return secrets
}

/** All secrets of an epoch (RFC 9420 §8). A group's first epoch starts from a random epoch secret (RFC 9420 §11). */
export function secretsOf(suite: CipherSuite, epochSecret: Uint8Array): EpochSecrets {
  const derive = (label: string): Uint8Array => deriveSecret(suite, epochSecret, label)
  return {
    senderDataSecret: derive("sender data"),
    encryptionSecret: derive("encryption"),
    exporterSecret: derive("exporter"),
    externalSecret: derive("external"),
    confirmationKey: derive("confirm"),
    membershipKey: derive("membership"),
    resumptionPsk: derive("resumption"),
    epochAuthenticator: derive("authentication"),
    initSecret: derive("init"),
  }
}

/** Ends the life of secrets. */
export function zeroSecrets(secrets: KeptSecrets): void {
  for (const secret of Object.values(secrets) as Uint8Array[]) secret.fill(0)
}

/** Confirms that sender and receiver reached the same epoch (RFC 9420 §6.1). */
export function confirmationTag(
  suite: CipherSuite,
  secrets: Pick<EpochSecrets, "confirmationKey">,
  confirmedTranscriptHash: Uint8Array,
): Uint8Array {
  return suite.mac(secrets.confirmationKey, confirmedTranscriptHash)
}

/**
 * MLS-Exporter (RFC 9420 §8.5): a secret for a purpose outside MLS. The result is the caller's to zero.
 *
 * @throws RangeError unless `lengthBytes` is an integer in [0, 65535], or above 255 × hashBytes
 */
export function exportSecret(
  suite: CipherSuite,
  exporterSecret: Uint8Array,
  label: string,
  context: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  const derived = deriveSecret(suite, exporterSecret, label)
  const exported = expandWithLabel(suite, derived, "exported", suite.hash(context), lengthBytes)
  derived.fill(0)
  return exported
}

const EXTERNAL_INIT_LABEL = toUtf8("MLS 1.0 external init secret")
const EMPTY = new Uint8Array(0)

/**
 * The init secret that an external commit brings (RFC 9420 §8.3).
 *
 * @returns `undefined` if the KEM output is not usable
 */
export function externalInitSecret(
  suite: CipherSuite,
  externalSecret: Uint8Array,
  kemOutput: Uint8Array,
): Uint8Array | undefined {
  const { privateKey } = suite.kemKeyPair(externalSecret)
  const secret = suite.hpkeReceiveExport(privateKey, kemOutput, EMPTY, EXTERNAL_INIT_LABEL, suite.sizes.hashBytes)
  suite.forgetPrivateKey?.(privateKey)
  privateKey.fill(0)
  return secret
}

/**
 * Makes the init secret of an external commit, and what carries it to the members (RFC 9420 §8.3).
 *
 * @param externalKey - `external_pub` of the epoch.
 * @param seed - `kemSeedBytes` of fresh entropy.
 * @returns `undefined` if the key is not usable; `secret` is the caller's to zero
 */
export function makeExternalInit(
  suite: CipherSuite,
  externalKey: Uint8Array,
  seed: Uint8Array,
): { readonly kemOutput: Uint8Array; readonly secret: Uint8Array } | undefined {
  return suite.hpkeSendExport(externalKey, EMPTY, EXTERNAL_INIT_LABEL, suite.sizes.hashBytes, seed)
}

/** `external_pub` (RFC 9420 §8): what outsiders encapsulate an init secret to. */
export function externalPublicKey(suite: CipherSuite, externalSecret: Uint8Array): Uint8Array {
  const { publicKey, privateKey } = suite.kemKeyPair(externalSecret)
  privateKey.fill(0)
  return publicKey
}
