import type { CipherSuite, KeyPair } from "@qpc/crypto"
import type { GroupId } from "@qpc/wire"
import type { MemberState, Self } from "../member-state.ts"
import type { Intents } from "../intents.ts"
import type { OwnCommits } from "../own-commits.ts"
import { chooseBranch } from "./fork-rule.ts"
import type { ChosenBranch, ForkRule } from "./fork-rule.ts"
import { KeptEpoch } from "./kept-epoch.ts"
import { SeenTexts } from "./seen-texts.ts"
import { SentTexts } from "./sent-texts.ts"
import type { ResolvedServerlessLimits } from "./serverless-limits.ts"
import { Waiting } from "./waiting.ts"

/** All that a member of a group without a delivery service is made of. */
export interface ServerlessState extends Self {
  readonly suite: CipherSuite
  readonly groupId: GroupId
  /** Our device's. Borrowed. */
  readonly signatureKeys: KeyPair
  readonly limits: ResolvedServerlessLimits
  /** The oldest epoch that is kept. */
  root: KeptEpoch
  /** From the root to the tip of the branch that we are on. */
  path: ChosenBranch<KeptEpoch>["path"]
  /** What decided the topmost fork that we know of. */
  rule: ForkRule
  /** One for all epochs, like the hashes of our own commits: their states share them. */
  intents: Intents
  ownCommits: OwnCommits
  /** The epoch that our pending commit leaves; together with `intents.pending`. */
  pendingAt: KeptEpoch | undefined
  /** Leaves that the commit made last lets go because they asked to: requests that come after it are none of its business. */
  pendingAsked: readonly number[]
  waiting: Waiting
  seen: SeenTexts
  readonly sent: SentTexts
  /** True once we cannot go on: somebody has a copy of our state, or follows a commit that we gave up. */
  isEnded: boolean
}

/** What a new state is made of. */
export interface ServerlessBeginning {
  readonly first: MemberState
  readonly signatureKeys: KeyPair
  readonly limits: ResolvedServerlessLimits
  readonly nowMs: number
}

/** A member who knows one epoch. Takes ownership of `first`. */
export function newServerlessState({ first, signatureKeys, limits, nowMs }: ServerlessBeginning): ServerlessState {
  const { suite, groupId, self, device, profile } = first
  const root = new KeptEpoch({
    epoch: first.group.epoch,
    origin: undefined,
    left: [],
    profile,
    state: first,
    sinceMs: nowMs,
  })
  const { intents, ownCommits } = first
  return {
    suite,
    groupId,
    self,
    device,
    signatureKeys,
    limits,
    root,
    path: [root],
    rule: "only_branch",
    intents,
    ownCommits,
    pendingAt: undefined,
    pendingAsked: [],
    waiting: new Waiting(limits.group),
    seen: new SeenTexts(limits.seenTexts),
    sent: new SentTexts(limits),
    isEnded: false,
  }
}

/** The newest epoch of the branch that we are on. */
export function tipOf({ path }: ServerlessState): KeptEpoch {
  return path.at(-1)!
}

/** What we can send with; `undefined` once we were removed or cannot go on. */
export function activeState(state: ServerlessState): MemberState | undefined {
  return state.isEnded ? undefined : tipOf(state).state
}

/** Looks at all branches anew. */
export function choose(state: ServerlessState): ChosenBranch<KeptEpoch> {
  return chooseBranch(state.root, state.limits)
}
