import { toHex } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import type { GroupEvent } from "../event.ts"
import type { GroupProfile } from "../group-profile.ts"
import type { OpenIntent } from "../intents.ts"
import type { MemberState } from "../member-state.ts"
import type { EpochOrigin, ForkedEpoch } from "./fork-rule.ts"

/** A text that was opened. */
export type OpenedText = Extract<GroupEvent, { kind: "text" }>

/** What is left of an epoch for which there was no room. */
export type ForgottenChild = Pick<EpochOrigin, "committer" | "commitHash">

/** What an epoch begins with. */
export interface EpochBeginning {
  readonly epoch: bigint
  readonly origin: EpochOrigin | undefined
  /** Who left with the commit that leads here, by their own wish. */
  readonly left: readonly IdentityKey[]
  readonly profile: GroupProfile
  /** `undefined` if the commit that leads here removes us: we cannot follow it. */
  readonly state: MemberState | undefined
  /** When we came to know of it. */
  readonly sinceMs: number
}

/**
 * One epoch that is kept, on whatever branch.
 *
 * It has an MLS group of its own that never leaves this epoch: whoever goes on from here makes a copy, and the copy leaves at
 * once. So there is one sending ratchet for each epoch, and it only moves forward, however often a branch is left and
 * taken up again.
 */
export class KeptEpoch implements ForkedEpoch<KeptEpoch> {
  readonly epoch: bigint
  readonly origin: EpochOrigin | undefined
  readonly left: readonly IdentityKey[]
  readonly profile: GroupProfile
  readonly state: MemberState | undefined
  readonly sinceMs: number
  /** `undefined` for the oldest one that is kept. */
  parent: KeptEpoch | undefined
  readonly children: KeptEpoch[] = []
  /**
   * Children that were forgotten for want of room. None is grown a second time: our ratchet there was used, and would begin anew. Once
   * there are as many of one author as the limit allows, no other commit of theirs is followed.
   */
  forgotten: ForgottenChild[] = []
  /** Who was heard here, in hex. */
  readonly witnesses: Set<string> = new Set()
  /** What our own commit was for that leads here; empty once they were taken up again elsewhere. */
  opens: readonly OpenIntent[] = []
  /** True once the application heard that they are done. */
  isTold = false
  /** Texts of people who are not in the group as we see it. */
  held: OpenedText[] = []

  constructor({ epoch, origin, left, profile, state, sinceMs }: EpochBeginning) {
    this.epoch = epoch
    this.origin = origin
    this.left = left
    this.profile = profile
    this.state = state
    this.sinceMs = sinceMs
  }

  /** Somebody sent a message in this epoch, which nobody can who has not taken its commit. */
  hear(sender: IdentityKey): void {
    this.witnesses.add(toHex(sender))
  }

  /** This epoch and all below it, each after the one it comes from. */
  *all(): Generator<KeptEpoch> {
    yield this
    for (const child of this.children) yield* child.all()
  }

  adopt(child: KeptEpoch): void {
    child.parent = this
    this.children.push(child)
  }

  /** Cuts itself off from the epoch that it comes from. */
  leaveParent(): void {
    const siblings = this.parent?.children
    siblings?.splice(siblings.indexOf(this), 1)
    this.parent = undefined
  }

  /** Zeroes the keys of this epoch. */
  zero(): void {
    this.state?.group[Symbol.dispose]()
  }
}
