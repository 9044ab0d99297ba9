import type { RatchetLimits } from "./ratchet.ts"
import { LEAVES_LIMIT } from "./ratchet-tree.ts"
import { LIFETIME_LIMIT_MS } from "./validate-leaf-node.ts"

/** Bounds on what a group keeps and on the work that one message can cause. */
export interface GroupLimits extends RatchetLimits {
  /** Late application messages are read for this many epochs after their own. Default 3; older keys are deleted. */
  readonly pastEpochs: number
  /** Resumption PSKs of this many past epochs are kept (RFC 9420 §8.6). Default 16. */
  readonly resumptionPsks: number
  /** Proposals by reference that wait for a commit. Default 1024; more are refused until the next commit. */
  readonly queuedProposals: number
  /** Proposals in one commit. Default 16 384; a commit with more is refused. */
  readonly committedProposals: number
  /** Received commits of one epoch that are neither merged nor cleared. Default 16; more are refused. */
  readonly stagedCommits: number
  /**
   * Longest lifetime that a leaf node from a key package may claim, from begin to end, in milliseconds (RFC 9420 §7.2: the
   * application MUST have such a limit). Holds for our own invitations, for the Adds of others and for the tree of a group
   * that we join; where the lifetime lies is another question, see `GroupPolicy.checkLifetimes`. Default 366 days;
   * `Infinity` to do without, for peers that do not know of lifetimes.
   */
  readonly leafLifetimeMs: number
  /**
   * Private messages that one epoch may encrypt, counting all that we sent or accepted (RFC 9420 §15.2). Beyond it `protect` and
   * `propose` throw `EncryptionLimitError`, while a commit can still be made. Default 2^31; see {@link epochBytes}.
   */
  readonly epochMessages: number
  /**
   * Bytes that one epoch may encrypt, likewise. Default 2^37 (128 GiB).
   *
   * Each message has a key of its own, so that the true bounds are far away. The defaults hold as if all messages of an epoch
   * had one AES-GCM key: at most 2^34.5 blocks and encryptions together for an attacker's advantage of 2^-60
   * (draft-irtf-cfrg-aead-limits §5.1.1), where each message takes two encryptions and two partly filled blocks.
   */
  readonly epochBytes: number
  /** Members of the group. Default 131072; a commit or Welcome with more is refused. */
  readonly members: number
}

/** The limits that hold where a caller does not name others. */
export const DEFAULT_LIMITS: GroupLimits = {
  pastEpochs: 3,
  outOfOrderGenerations: 100,
  maxForwardGenerations: 1000,
  refusedDerivations: 100_000,
  resumptionPsks: 16,
  queuedProposals: 1024,
  committedProposals: 16_384,
  stagedCommits: 16,
  leafLifetimeMs: LIFETIME_LIMIT_MS,
  epochMessages: 2 ** 31,
  epochBytes: 2 ** 37,
  members: LEAVES_LIMIT,
}

/**
 * The default limits with some replaced.
 *
 * @throws RangeError unless all are integers that are not negative; `leafLifetimeMs` may be infinite
 */
export function limitsWith(changes: Partial<GroupLimits> | undefined): GroupLimits {
  const limits = { ...DEFAULT_LIMITS, ...changes }
  for (const [name, value] of Object.entries<number>(limits)) {
    const isInfinite = name === "leafLifetimeMs" && value === Infinity
    if (!isInfinite && (!Number.isSafeInteger(value) || value < 0))
      throw new RangeError(`${name} is not a limit: ${value}`)
  }
  if (limits.members < 1 || limits.members > LEAVES_LIMIT)
    throw new RangeError(`members is not a limit: ${limits.members}`)
  return limits
}
