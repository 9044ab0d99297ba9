import { createCommit } from "./create-commit.ts"
import type { CommitOptions, CreatedCommit } from "./create-commit.ts"
import type { CommitRefusal } from "./apply-commit.ts"
import type { GroupState } from "./group-state.ts"
import { zeroEpoch } from "./epoch.ts"
import { mergeStaged } from "./merge.ts"
import { checkDescent } from "./parent-group.ts"
import type { Descent, DescentReason, ParentGroup } from "./parent-group.ts"
import type { StagedCommit } from "./staged-commit.ts"

/** How the first commit of a new group invites its members. */
export type InvitationOptions = Pick<
  CommitOptions,
  "adds" | "forcePath" | "treeInWelcome" | "authenticatedData" | "random" | "nowMs"
>

/**
 * Ties a group in its first epoch to the one that it descends from, and adds its members: by one commit that injects the
 * resumption PSK of the old group (RFC 9420 §11.2, §11.3). Nobody else is there to hear the commit, so it takes effect.
 *
 * @param parent - After a ReInit, or at any time for a branch: its current epoch is the one referred to.
 */
export function descend(
  state: GroupState,
  parent: ParentGroup,
  usage: Descent,
  options: InvitationOptions,
): CreatedCommit | CommitRefusal | DescentReason {
  const { context, secrets } = parent.state.epoch
  const id = {
    kind: "resumption",
    usage,
    pskGroupId: context.groupId.slice(),
    pskEpoch: context.epoch,
    pskNonce: options.random(state.suite.sizes.hashBytes),
  } as const
  const bond = { id, secret: secrets.resumptionPsk }
  const created = createCommit(state, { ...options, wireFormat: "public", includeQueuedProposals: false }, bond)
  if (typeof created === "string") return created
  const refusal = checkDescent(parent, usage, created.epoch.context, created.epoch.tree)
  if (refusal !== undefined) {
    zeroEpoch(created.epoch)
    return refusal
  }
  const staged: StagedCommit = { kind: "own", committer: state.epoch.keys.leafIndex, report: created.report }
  state.staged.set(staged, created.epoch)
  mergeStaged(state, staged)
  return created
}
