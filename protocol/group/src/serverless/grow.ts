import type { Group, StagedCommit } from "@qpc/mls"
import { toHex } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import { profileOf } from "../group-profile.ts"
import type { OpenIntent } from "../intents.ts"
import { newState } from "../member-state.ts"
import type { MemberState } from "../member-state.ts"
import { comeAndGone, personChanges } from "../device-rules.ts"
import { byPerson, knownDevice, leavesOf } from "../roster.ts"
import { copyGroup } from "./copy-group.ts"
import type { EpochOrigin } from "./fork-rule.ts"
import { makeRoom } from "./forget.ts"
import { KeptEpoch } from "./kept-epoch.ts"
import type { ServerlessDraft } from "./serverless-draft.ts"
import type { ServerlessState } from "./serverless-state.ts"

/** A commit that passed all checks, and how to stage it in a copy of the group. */
export interface Growth {
  readonly parent: KeptEpoch
  readonly commitHash: Uint8Array
  /** Called with a copy of the parent's group. */
  readonly stage: (copy: Group) => StagedCommit
  /**
   * Leaves that it removes by a proposal of their own. What else the parent knows of who asked differs between members, and must
   * not decide anything.
   */
  readonly selfRemovals: readonly number[]
  /** What it is for, if it is ours. */
  readonly opens?: readonly OpenIntent[]
  readonly nowMs: number
}

/**
 * Adds the epoch that a commit leads to. The epoch that it leaves stays as it is. There may be no room for the new one: then it is
 * forgotten again at once.
 */
export function grow(state: ServerlessState, growth: Growth, draft: ServerlessDraft): KeptEpoch {
  const { parent, commitHash, selfRemovals, nowMs } = growth
  const before = parent.state
  if (before === undefined) throw new Error("unreachable: nothing follows an epoch that we are not in")
  const copy = copyGroup(before, state.signatureKeys)
  const staged = growth.stage(copy)
  const { report } = staged
  const committer = identityAt(before, staged.committer)
  const asked = new Set(selfRemovals)
  const { deviceKey: device } = knownDevice(before.group.member(staged.committer))
  const removed = report.removed
    .filter(({ leafIndex }) => !asked.has(leafIndex))
    .map((one) => knownDevice(one).deviceKey)
  const origin: EpochOrigin = { committer, device, commitHash, removed, expelled: expelledBy(before, removed) }
  const left = peopleRemoved(before.group, report, (leafIndex) => asked.has(leafIndex))
  const profile = profileOf(report.extensions)
  if (profile === undefined) throw new Error("unreachable: a commit without settings was let in")
  copy.merge(staged)
  const { suite, self } = state
  const { random, limits, onLayer } = before
  if (report.selfRemoved) copy[Symbol.dispose]()
  const after = report.selfRemoved
    ? undefined
    : newState({ suite, self, device: state.device, profile, group: copy, random, limits, onLayer })
  if (after !== undefined) shareIntents(state, after)
  const child = new KeptEpoch({ epoch: parent.epoch + 1n, origin, left, profile, state: after, sinceMs: nowMs })
  child.opens = growth.opens ?? []
  parent.adopt(child)
  makeRoom(state, draft)
  return child
}

/** The people of an epoch of whom no device is left once these are removed. */
export function expelledBy({ group }: MemberState, removed: readonly DeviceKey[]): readonly IdentityKey[] {
  const names = new Set(removed.map(toHex))
  const people = [...byPerson(leavesOf(group)).values()]
  const expelled = people.filter((devices) => devices.every(({ deviceKey }) => names.has(toHex(deviceKey))))
  return expelled.map(([device]) => device!.identityKey)
}

/** What somebody wants of the group is the same on all branches, and so are the commits that they made for it. */
export function shareIntents({ intents, ownCommits }: ServerlessState, epoch: MemberState): void {
  epoch.intents = intents
  epoch.ownCommits = ownCommits
}

/** Who is at a leaf of this epoch. */
export function identityAt({ group }: MemberState, leafIndex: number): EpochOrigin["committer"] {
  return knownDevice(group.member(leafIndex)).identityKey
}

/** Of some leaves; whoever loses single devices of their own is not removed. */
function peopleRemoved(
  group: Group,
  report: StagedCommit["report"],
  isMeant: (leafIndex: number) => boolean,
): readonly IdentityKey[] {
  const removed = report.removed.filter(({ leafIndex }) => isMeant(leafIndex))
  if (removed.length === 0) return []
  const change = { added: report.added.map(knownDevice), removed: removed.map(knownDevice) }
  return comeAndGone(personChanges(leavesOf(group), change)).gone
}
