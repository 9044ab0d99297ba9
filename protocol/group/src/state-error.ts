/** What is wrong with a stored member. */
export type GroupStateErrorCode =
  /** Not what `toBytes` wrote: the store is damaged. Restore is impossible; the group must be joined anew. */
  | "corrupt"
  /** Written by a newer version of this program: update it. */
  | "unknown_version"
  /** Stored under another identity key or cipher suite than the one given. */
  | "wrong_identity"
  /**
   * The group, or one that it took the place of, has a cipher suite that was not given: update the program. Whether the rest is whole only a
   * program with that suite can tell.
   */
  | "unknown_suite"

/** A stored member cannot be woken. The store, not the peer, is at fault. Holds no part of the state. */
export class GroupStateError extends Error {
  override readonly name = "GroupStateError"
  readonly code: GroupStateErrorCode
  readonly retryable = false

  constructor(code: GroupStateErrorCode, options?: { readonly cause?: unknown }) {
    super(`stored group state: ${code}`, options)
    this.code = code
  }
}
