import { equalBytes } from "@qpc/wire"
import { credentialsAreEqual } from "./credential.ts"
import type { Credential } from "./credential.ts"

/**
 * Where a credential turns up (RFC 9420 §5.3.1).
 *
 * - `creator`: our own, when we create a group.
 * - `key_package`: published by somebody whom we may add.
 * - `member`: in the tree of a group that we are about to join.
 * - `add`: of somebody whom a commit or a proposal adds.
 * - `update`, `commit`: in the new leaf of a member, by an Update or by the path of its own commit.
 * - `external_commit`: of a newcomer who adds itself.
 * - `external_sender`: in the `external_senders` of a group.
 */
export type CredentialPlace =
  | "creator"
  | "key_package"
  | "member"
  | "add"
  | "update"
  | "commit"
  | "external_commit"
  | "external_sender"

/** A credential and the key that signs in its name. */
export interface CredentialWithKey {
  readonly credential: Credential
  readonly signatureKey: Uint8Array
}

/** What a validator is asked. Borrowed for the call. */
export interface PresentedCredential extends CredentialWithKey {
  readonly place: CredentialPlace
  /**
   * What it would replace: in an `update` or a `commit` the member's leaf as it is, in an `external_commit` the leaf that the
   * newcomer removes. The new one has to be a valid successor of it (RFC 9420 §5.3.1); where this is not checked, a member
   * can take another's name, and a newcomer can throw anybody out.
   */
  readonly predecessor: CredentialWithKey | undefined
  /** The time that the caller passed in, in milliseconds since the Unix epoch; `undefined` where it passed none. */
  readonly nowMs: number | undefined
}

/**
 * Why a credential is refused (RFC 9420 §5.3.1).
 *
 * - `credential_type_unsupported`: nothing here can judge credentials of this type.
 * - `credential_malformed`: its content cannot be read.
 * - `credential_untrusted`: nobody whom we trust vouches for it.
 * - `credential_key_mismatch`: it belongs to another signature key (RFC 9420 §5.3).
 * - `credential_expired`: its time is over, or has not begun.
 * - `credential_revoked`.
 * - `credential_not_acceptable`: it is genuine, and not who may be here.
 * - `credential_not_successor`: it is not a valid successor of the one that it replaces.
 */
export type CredentialReason =
  | "credential_type_unsupported"
  | "credential_malformed"
  | "credential_untrusted"
  | "credential_key_mismatch"
  | "credential_expired"
  | "credential_revoked"
  | "credential_not_acceptable"
  | "credential_not_successor"

/**
 * The application's authentication service (RFC 9420 §5.3.1): says why a credential is refused, or `undefined` if it is valid.
 *
 * Pure and synchronous: what it needs to know (trusted roots, revocations, names) it has beforehand. It is asked after
 * signatures were verified. Take care with the time when it judges the commits of others: a member who refuses what all
 * others took is out of the group (RFC 9420 §5.3.2).
 */
export type CredentialValidator = (presented: PresentedCredential) => CredentialReason | undefined

/** A validator with the time at which it is asked. */
export type CredentialJudge = (presented: Omit<PresentedCredential, "nowMs">) => CredentialReason | undefined

/**
 * The judge of all new credentials. One that is what it replaces, key included, is not new (RFC 9420 §5.3.1) and not judged.
 *
 * Without a validator nothing but `basic` credentials is accepted, and none may become another: what they are worth is for
 * the application to find out from the report of a commit.
 */
export function credentialJudge(
  validator: CredentialValidator | undefined,
  nowMs: number | undefined,
): CredentialJudge {
  return (presented) => {
    const { predecessor } = presented
    if (predecessor !== undefined && isUnchanged(predecessor, presented)) return undefined
    return (validator ?? basicOnly)({ ...presented, nowMs })
  }
}

function basicOnly({ credential, predecessor }: PresentedCredential): CredentialReason | undefined {
  if (credential.kind !== "basic") return "credential_type_unsupported"
  if (predecessor === undefined || credentialsAreEqual(predecessor.credential, credential)) return undefined
  return "credential_not_successor"
}

function isUnchanged(before: CredentialWithKey, after: CredentialWithKey): boolean {
  return equalBytes(before.signatureKey, after.signatureKey) && credentialsAreEqual(before.credential, after.credential)
}
