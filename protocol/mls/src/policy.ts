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
}

/** Nothing uninvited. */
export const DEFAULT_POLICY: GroupPolicy = {
  proposals: false,
  newMemberProposals: false,
  externalCommits: false,
  checkLifetimes: false,
  requireReservations: false,
}
