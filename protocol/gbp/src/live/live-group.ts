import type { ControlMessage } from "../control.ts"

/** What a commit does to the members, by their ids. */
export interface MemberChanges {
  readonly joined: readonly number[]
  readonly left: readonly number[]
}

/** A commit of ours that waits for its quorum. */
export interface StagedOwn extends MemberChanges {
  readonly kind: "staged"
  readonly commit: Uint8Array
  /** For those who joined. */
  readonly welcome: Uint8Array | undefined
}

/**
 * What the control plane needs of the group below. At most one commit is staged at a time, ours or somebody's.
 *
 * @typeParam Change - What the members can be asked to agree on; the control plane hands it through.
 */
export interface LiveGroup<Change> {
  readonly epoch: bigint
  /** Ids of the members of the current epoch, ours among them, ascending. */
  readonly memberIds: readonly number[]
  /** Makes our commit and holds it. `done`: there is nothing left to do. `refused`: it cannot be done. */
  stageOwn(change: Change): StagedOwn | { readonly kind: "done" } | { readonly kind: "refused" }
  /** Checks somebody's commit and holds it; `undefined` for one that must not be followed, and nothing changed then. */
  stageReceived(commit: Uint8Array, senderId: number): MemberChanges | undefined
  /** Takes the staged commit into effect. */
  merge(): void
  /** Drops the staged commit. */
  clear(): void
  /** Seals a control message in the current epoch; the frame. */
  seal(message: ControlMessage): Uint8Array
  /** SHA-256. */
  hash(bytes: Uint8Array): Uint8Array
}
