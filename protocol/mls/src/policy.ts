import type { CredentialValidator } from "./credential-validator.ts"
import { assertCustomTypes } from "./custom-proposal.ts"
import type { CustomProposalType } from "./custom-proposal.ts"

/**
 * What a group takes from others beside messages and commits of members. All off unless asked for: whoever turns one on
 * has to decide about what arrives, and to commit it or drop it.
 */
export interface GroupPolicy {
  /** Proposals by reference, of members and of `external_senders` (RFC 9420 §12.1). */
  readonly proposals: boolean
  /** Add proposals that newcomers make for themselves (RFC 9420 §12.1.8). Anyone can make one. */
  readonly newMemberProposals: boolean
  /** Commits by which newcomers add themselves (RFC 9420 §12.4.3.2). Whoever has a GroupInfo can make one. */
  readonly externalCommits: boolean
  /**
   * Refuses commits that add a key package outside of its lifetime. RFC 9420 §7.3 recommends it; but whoever was away for
   * longer than that would be locked out by a commit that all others took. Our own commits are always checked.
   */
  readonly checkLifetimes: boolean
  /**
   * Refuses to send with a generation that was not reserved before; see `Group.reserve`. For owners who cannot store the
   * whole state in one transaction with each message that leaves.
   */
  readonly requireReservations: boolean
  /** Types of proposals that the application defines. Default none; a commit of another type is refused (RFC 9420 §12.2). */
  readonly customProposals: readonly CustomProposalType[]
  /**
   * Judges every new credential (RFC 9420 §5.3.1). Default: `basic` ones are accepted as long as they stay what they are, and
   * no others; who they name, the report of a commit shows.
   */
  readonly credentialValidator: CredentialValidator | undefined
  /**
   * The cipher suites that we take part with: no group of another is created or joined, and no ReInit to another followed
   * (RFC 9420 §12.1.5). A group of another that is stored can still be woken, to be left. Default: any.
   */
  readonly cipherSuites: readonly number[] | undefined
  /** The protocol versions that a ReInit may name. Default: any that is not older than ours. */
  readonly versions: readonly number[] | undefined
}

/** Nothing uninvited. */
export const DEFAULT_POLICY: GroupPolicy = {
  proposals: false,
  newMemberProposals: false,
  externalCommits: false,
  checkLifetimes: false,
  requireReservations: false,
  customProposals: [],
  credentialValidator: undefined,
  cipherSuites: undefined,
  versions: undefined,
}

/**
 * The default policy with some of it replaced.
 *
 * @throws RangeError for custom proposal types that cannot be registered
 */
export function policyWith(changes: Partial<GroupPolicy> | undefined): GroupPolicy {
  const policy = { ...DEFAULT_POLICY, ...changes }
  assertCustomTypes(policy.customProposals)
  return policy
}

/** True if the policy lets us take part with a cipher suite. */
export function acceptsSuite({ cipherSuites }: Pick<GroupPolicy, "cipherSuites">, cipherSuite: number): boolean {
  return cipherSuites === undefined || cipherSuites.includes(cipherSuite)
}
