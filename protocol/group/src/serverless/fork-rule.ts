import { compareBytes, toHex } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"

/** An epoch as the rule sees it: where it comes from, who was heard in it, and what was made of it. */
export interface ForkedEpoch<Self> {
  /** The commit that leads here; `undefined` for the oldest epoch that is kept. */
  readonly origin: EpochOrigin | undefined
  /** How many different people were heard in it. */
  readonly witnessCount: number
  /** The epochs that commits of this one lead to; more than one is a fork. */
  readonly children: readonly Self[]
}

/** The commit that leads to an epoch. */
export interface EpochOrigin {
  readonly committer: IdentityKey
  /** The device that they made it with. */
  readonly device: DeviceKey
  /** Hash of the commit's bytes. */
  readonly commitHash: Uint8Array
  /** The devices that it removes, except those that asked to leave: of people who go, and single ones of people who stay. */
  readonly removed: readonly DeviceKey[]
}

/**
 * What decided between two branches, in the order in which it is asked.
 *
 * - `only_branch`: there was no fork.
 * - `removed_author`: the other branch begins with a commit of a device that this one removes.
 * - `depth`: more commits, a quorum counting as {@link ForkPolicy.quorumDepth} of them.
 * - `quorum`: enough people were heard in one epoch.
 * - `committer`: the identity key of who made the first commit is smaller.
 * - `commit_hash`: the hash of the first commit is smaller.
 */
export type ForkRule = "only_branch" | "removed_author" | "depth" | "quorum" | "committer" | "commit_hash"

/** What the rule needs to know beside the epochs. All members of a group must have the same. */
export interface ForkPolicy {
  /** So many people who were heard in one epoch are a quorum for its branch. */
  readonly quorumSenders: number
  /** So many commits a quorum is worth. */
  readonly quorumDepth: number
}

/** The branch that was chosen. */
export interface ChosenBranch<Epoch> {
  /** From the epoch that was asked about to the tip, both included. */
  readonly path: readonly [Epoch, ...Epoch[]]
  readonly hasQuorum: boolean
  /** People heard, counted in each epoch up to the quorum. */
  readonly witnessScore: number
  /** What decided the topmost fork of the path. */
  readonly rule: ForkRule
}

/**
 * Which branch below `epoch` is the group's: a function of the commits and texts that are known, whatever the order in which
 * they came. Whoever knows the same chooses the same, without asking anybody.
 *
 * A fork is decided by what grew on each of its sides, from the tips upwards, and by nothing above it: members who keep
 * a different number of old epochs choose alike.
 */
export function chooseBranch<Epoch extends ForkedEpoch<Epoch>>(epoch: Epoch, policy: ForkPolicy): ChosenBranch<Epoch> {
  const { witnessCount } = epoch
  const hasQuorum = witnessCount >= policy.quorumSenders
  const witnessScore = Math.min(witnessCount, policy.quorumSenders)
  const { best, rule } = bestRival(epoch, policy)
  if (best === undefined) return { path: [epoch], hasQuorum, witnessScore, rule }
  const { branch } = best
  return {
    path: [epoch, ...branch.path],
    hasQuorum: hasQuorum || branch.hasQuorum,
    witnessScore: witnessScore + branch.witnessScore,
    rule: rule === "only_branch" ? branch.rule : rule,
  }
}

/** One side of a fork: the commit that it begins with, and the best that grew on it. */
interface Rival<Epoch> {
  readonly origin: EpochOrigin
  readonly branch: ChosenBranch<Epoch>
}

function bestRival<Epoch extends ForkedEpoch<Epoch>>(
  { children }: Epoch,
  policy: ForkPolicy,
): { readonly best: Rival<Epoch> | undefined; readonly rule: ForkRule } {
  const all = children.map((child) => ({ origin: originOf(child), branch: chooseBranch(child, policy) }))
  const rivals = withoutRemovedAuthors(all).toSorted((a, b) => compareRivals(a, b, policy).order)
  const [best, second] = rivals
  if (best !== undefined && second !== undefined) return { best, rule: compareRivals(best, second, policy).rule }
  return { best, rule: rivals.length < all.length ? "removed_author" : "only_branch" }
}

/**
 * Leaves out the commits of devices that another side removes: nobody undoes their own removal by being faster elsewhere. Where
 * that would leave nobody, as where two remove each other, all stay.
 */
function withoutRemovedAuthors<Epoch extends ForkedEpoch<Epoch>>(
  rivals: readonly Rival<Epoch>[],
): readonly Rival<Epoch>[] {
  if (rivals.length < 2) return rivals
  const removed = rivals.map(({ branch }) => new Set(branch.path.flatMap((one) => originOf(one).removed.map(toHex))))
  const staying = rivals.filter(({ origin }, at) => {
    const author = toHex(origin.device)
    return removed.every((names, other) => other === at || !names.has(author))
  })
  return staying.length === 0 ? rivals : staying
}

/**
 * Negative if `a` is the better one. Never 0 for different commits.
 *
 * Below the quorum nobody counts: whoever writes on a branch that only they know would hold on to it for as long as nobody else
 * reads what they wrote.
 */
function compareRivals<Epoch>(
  a: Rival<Epoch>,
  b: Rival<Epoch>,
  policy: ForkPolicy,
): { readonly order: number; readonly rule: ForkRule } {
  const depth = weight(b.branch, policy) - weight(a.branch, policy)
  if (depth !== 0) return { order: depth, rule: "depth" }
  const quorum = Number(b.branch.hasQuorum) - Number(a.branch.hasQuorum)
  if (quorum !== 0) return { order: quorum, rule: "quorum" }
  const committer = compareBytes(a.origin.committer, b.origin.committer)
  if (committer !== 0) return { order: committer, rule: "committer" }
  return { order: compareBytes(a.origin.commitHash, b.origin.commitHash), rule: "commit_hash" }
}

function weight<Epoch>({ path, hasQuorum }: ChosenBranch<Epoch>, { quorumDepth }: ForkPolicy): number {
  return path.length + (hasQuorum ? quorumDepth : 0)
}

function originOf<Epoch extends ForkedEpoch<Epoch>>({ origin }: Epoch): EpochOrigin {
  if (origin === undefined) throw new Error("unreachable: an epoch below another came from a commit")
  return origin
}
