import type { GroupLimits, ResolvedLimits } from "../limits.ts"
import { resolveLimits } from "../member-state.ts"

/**
 * Bounds of one member of a group without a delivery service. Whatever is left out has its default.
 *
 * All members of a group must have the same `quorumSenders` and `quorumDepth`, or they choose different branches. With a
 * different `rollbackEpochs` or `rollbackMs` they choose alike as long as nobody is further behind than the smallest allows.
 */
export interface ServerlessLimits extends Omit<
  GroupLimits,
  "pastEpochs" | "winnerMs" | "updateKeysAfterMs" | "updateSpacingMs" | `warm${string}`
> {
  /** Epochs that can be taken back, and whose keys are kept for that. Default 5. */
  readonly rollbackEpochs?: number
  /** An epoch is taken back no longer than this after it was left; then its keys are zeroed. Default 7 days. */
  readonly rollbackMs?: number
  /** Epochs that are kept at once, of all branches; beyond it the shortest branches are forgotten. Default 64. */
  readonly keptEpochs?: number
  /** Commits of one author that are followed from one epoch without anybody else having done so; of more the shortest branches go, then the greatest hashes. Default 4. */
  readonly commitsOfOneAuthor?: number
  /** Texts of lost branches that wait for their branch to come back; beyond it the oldest are given up. Default 256. */
  readonly strangersTexts?: number
  /** Bytes of our own texts that are kept to be sent again if their branch is lost. Default 1 MiB. */
  readonly resendBytes?: number
  /** So many people who were heard in one epoch are a quorum for its branch. Default 2. */
  readonly quorumSenders?: number
  /** So many commits a quorum is worth in the choice of a branch; at most `rollbackEpochs`. Default 1. */
  readonly quorumDepth?: number
}

/** Every bound, with its default where the caller gave none. */
export interface ResolvedServerlessLimits {
  /** Those of the layers of each epoch. Past epochs are epochs of their own here. */
  readonly group: ResolvedLimits
  readonly rollbackEpochs: number
  readonly rollbackMs: number
  readonly keptEpochs: number
  readonly commitsOfOneAuthor: number
  readonly strangersTexts: number
  readonly resendBytes: number
  readonly quorumSenders: number
  readonly quorumDepth: number
  /** Texts that are remembered in order to recognise a duplicate. */
  readonly seenTexts: number
}

/** Fills in the defaults. @throws RangeError for what is no limit, or for limits that contradict each other */
export function resolveServerlessLimits(limits: ServerlessLimits = {}): ResolvedServerlessLimits {
  const {
    rollbackEpochs = 5,
    rollbackMs = 7 * 86_400_000,
    keptEpochs = 64,
    commitsOfOneAuthor = 4,
    strangersTexts = 256,
    resendBytes = 1024 * 1024,
    quorumSenders = 2,
    quorumDepth = 1,
    seenMessages: seenTexts = 10_000,
    ...group
  } = limits
  const own = {
    rollbackEpochs,
    rollbackMs,
    keptEpochs,
    commitsOfOneAuthor,
    strangersTexts,
    resendBytes,
    quorumSenders,
    quorumDepth,
    seenTexts,
  }
  for (const [name, value] of Object.entries(own)) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} is not a limit: ${value}`)
  }
  if (quorumSenders === 0) throw new RangeError("quorumSenders: nobody is no quorum")
  if (commitsOfOneAuthor === 0) throw new RangeError("commitsOfOneAuthor: 0 would stop the group")
  // Otherwise texts could push a branch past any number of commits that can still be taken back.
  if (quorumDepth > rollbackEpochs) throw new RangeError("quorumDepth is more than rollbackEpochs")
  // The chosen branch must fit.
  if (keptEpochs <= rollbackEpochs) throw new RangeError("keptEpochs is not more than rollbackEpochs")
  return {
    ...own,
    group: resolveLimits({ ...group, pastEpochs: 0, seenMessages: 0, updateKeysAfterMs: 0, warmEveryMs: 0 }),
  }
}
