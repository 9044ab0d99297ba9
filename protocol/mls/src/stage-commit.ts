import { createCommit } from "./create-commit.ts"
import type { CommitOptions } from "./create-commit.ts"
import type { Staged } from "./group-options.ts"
import type { GroupState } from "./group-state.ts"
import { assertReserved } from "./reservation.ts"
import { holdNextKeys } from "./signature-keys.ts"
import type { StagedCommit } from "./staged-commit.ts"
import { markOwnCommit } from "./state-records.ts"

/**
 * Makes a commit and holds what it leads to until it is merged or cleared (RFC 9420 §12.4.1). Of ours there is one at a time.
 *
 * @throws TypeError where generations have to be reserved first
 */
export function stageCommit(state: GroupState, options: CommitOptions): Staged {
  if (state.ownCommit !== undefined) return { kind: "refused", reason: "commit_pending" }
  assertReserved(state, options.wireFormat === "public" ? undefined : "handshake")
  const created = createCommit(state, options)
  if (typeof created === "string") return { kind: "refused", reason: created }
  const { commit, welcome, ratchetTree, epoch, report, leftOut } = created
  const staged: StagedCommit = { kind: "own", committer: state.epoch.keys.leafIndex, report }
  state.staged.set(staged, epoch)
  state.ownCommit = { staged, messageHash: state.suite.hash(commit) }
  markOwnCommit(state)
  if (options.newSignatureKeys !== undefined) holdNextKeys(state, options.newSignatureKeys)
  return {
    kind: "staged",
    staged,
    commit,
    ...(welcome === undefined ? {} : { welcome }),
    ...(ratchetTree === undefined ? {} : { ratchetTree }),
    leftOut,
  }
}
