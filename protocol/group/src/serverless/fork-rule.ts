import { compareBytes, toHex } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"

/** An epoch as the rule sees it: where it comes from, who was heard in it, and what was made of it. */
export interface ForkedEpoch<Self> {
  /** The commit that leads here; `undefined` for the oldest epoch that is kept. */
  readonly origin: EpochOrigin | undefined
  /** The people who were heard in it: their identity keys in hexadecimal. */
  readonly witnesses: ReadonlySet<string>
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
  /** The people who lose all their devices so. */
  readonly expelled: readonly IdentityKey[]
}

/**
 * What decided between two branches, in the order in which it is asked.
 *
 * - `only_branch`: there was no fork.
 * - `removed_author`: the other branch has commits of a device that this one removes; they and what follows them do not count.
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
  const { size: witnessCount } = epoch.witnesses
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
  /** The beginning of the branch that counts. */
  readonly counted: readonly Epoch[]
  /** True if a quorum was heard in an epoch of that. */
  readonly hasQuorum: boolean
}

function bestRival<Epoch extends ForkedEpoch<Epoch>>(
  { children }: Epoch,
  policy: ForkPolicy,
): { readonly best: Rival<Epoch> | undefined; readonly rule: ForkRule } {
  const all = children.map((child) => {
    const branch = chooseBranch(child, policy)
    return { origin: originOf(child), branch, counted: branch.path, hasQuorum: branch.hasQuorum }
  })
  const rivals = withoutUndoing(all, policy).toSorted((a, b) => compareRivals(a, b, policy).order)
  const [best, second] = rivals
  if (best !== undefined && second !== undefined) return { best, rule: compareRivals(best, second, policy).rule }
  return { best, rule: rivals.length < all.length ? "removed_author" : "only_branch" }
}

/**
 * Counts of each side what comes before the first commit of a device that another side removes, and leaves out the sides of which nothing
 * is left: nobody undoes their own removal by being faster elsewhere, alone or on top of what others did. Nor do they by being heard
 * there: they have the keys of the epochs that they were in. Where that would leave nobody, all stay.
 */
function withoutUndoing<Epoch extends ForkedEpoch<Epoch>>(
  rivals: readonly Rival<Epoch>[],
  { quorumSenders }: ForkPolicy,
): readonly Rival<Epoch>[] {
  if (rivals.length < 2) return rivals
  const removals = rivals.map(({ branch }) => removalsOf(branch.path))
  const staying = rivals.flatMap((rival, at) => {
    const [own, others] = [removals[at]!, removals.filter((_, other) => other !== at).flat()]
    const end = rival.branch.path.findIndex((epoch) => isUndone(originOf(epoch), own, others))
    const counted = end < 0 ? rival.counted : rival.counted.slice(0, end)
    const heard = counted.map(({ witnesses }) => [...witnesses].filter((person) => !isExpelled(person, own, others)))
    const hasQuorum = heard.some(({ length }) => length >= quorumSenders)
    return counted.length === 0 ? [] : [{ ...rival, counted, hasQuorum }]
  })
  return staying.length === 0 ? rivals : staying
}

/** Who removes which devices and people, and with which device of theirs. */
interface Removal {
  readonly by: string
  readonly device: string
  readonly removed: ReadonlySet<string>
  readonly expelled: ReadonlySet<string>
}

function removalsOf<Epoch extends ForkedEpoch<Epoch>>(path: readonly Epoch[]): readonly Removal[] {
  return path.flatMap((epoch) => {
    const { committer, device, removed, expelled } = originOf(epoch)
    const whom = { removed: new Set(removed.map(toHex)), expelled: new Set(expelled.map(toHex)) }
    return removed.length === 0 ? [] : [{ by: toHex(committer), device: toHex(device), ...whom }]
  })
}

/** True if another side removes the device that made a commit. Where each removes the other, neither counts for more. */
function isUndone({ committer, device }: EpochOrigin, own: readonly Removal[], others: readonly Removal[]): boolean {
  const name = toHex(device)
  return isHeld(
    toHex(committer),
    own,
    others.filter(({ removed }) => removed.has(name)),
  )
}

/** True if another side removes somebody with all their devices; the same where both do it. */
function isExpelled(person: string, own: readonly Removal[], others: readonly Removal[]): boolean {
  return isHeld(
    person,
    own,
    others.filter(({ expelled }) => expelled.has(person)),
  )
}

/** True if one of these removals is not answered by one of its author on the side of whoever it concerns. */
function isHeld(person: string, own: readonly Removal[], against: readonly Removal[]): boolean {
  return against.some(({ device }) => !own.some(({ by, removed }) => by === person && removed.has(device)))
}

/**
 * Negative if `a` is the better one. Never 0 for different commits.
 *
 * Below the quorum nobody counts: whoever writes on a branch that only they know would hold on to it for as long as nobody else
 * reads what they wrote.
 */
function compareRivals<Epoch extends ForkedEpoch<Epoch>>(
  a: Rival<Epoch>,
  b: Rival<Epoch>,
  policy: ForkPolicy,
): { readonly order: number; readonly rule: ForkRule } {
  const depth = weight(b, policy) - weight(a, policy)
  if (depth !== 0) return { order: depth, rule: isCut(depth < 0 ? b : a) ? "removed_author" : "depth" }
  const quorum = Number(b.hasQuorum) - Number(a.hasQuorum)
  if (quorum !== 0) return { order: quorum, rule: "quorum" }
  const committer = compareBytes(a.origin.committer, b.origin.committer)
  if (committer !== 0) return { order: committer, rule: "committer" }
  return { order: compareBytes(a.origin.commitHash, b.origin.commitHash), rule: "commit_hash" }
}

function weight<Epoch>({ counted, hasQuorum }: Rival<Epoch>, { quorumDepth }: ForkPolicy): number {
  return counted.length + (hasQuorum ? quorumDepth : 0)
}

const isCut = <Epoch>({ branch, counted }: Rival<Epoch>): boolean => counted.length < branch.path.length

function originOf<Epoch extends ForkedEpoch<Epoch>>({ origin }: Epoch): EpochOrigin {
  if (origin === undefined) throw new Error("unreachable: an epoch below another came from a commit")
  return origin
}
