/**
 * What went wrong, for programs. What to do about it, the message says.
 *
 * - `not_ready`: a browser has not awaited `ready()`.
 * - `closed`: the object was closed.
 * - `bad_key_package`, `bad_welcome`, `bad_message`, `bad_state`: foreign or stored bytes are refused; `reason` says why.
 * - `commit_refused`: MLS does not make this commit; `reason` says why.
 * - `commit_pending`: a commit waits for {@link MlsContext.finalizeCommit} or {@link MlsContext.clearPendingCommit}.
 * - `commit_would_be_lost`: other members would never get the commit.
 * - `removed`: we are no longer in the group.
 * - `other_group`: the node and the MLS context are of different groups, or the state goes back to an older epoch.
 * - `wrong_state`: the node cannot do that in its state.
 * - `not_coordinator`, `coordinator_is_active`: only the coordinator may do that, and it is somebody else.
 * - `wrong_transition`: the transition id is not the one that is due, or the commit is not the one that waits.
 * - `members_not_ready`: `missing` names the members who have not said that they are ready.
 * - `state_not_stored`: a restored context has to be stored anew before it sends media, or the next restart could not be told from this one.
 * - `member_id_taken`: the member id belongs to another leaf.
 * - `nonce_reuse`: profile 1 would seal under a key and nonce that somebody else used.
 * - `too_large`, `epoch_exhausted`: no frame was made.
 * - `bad_arguments`: the arguments of a signal are not those of its type.
 */
export type StackErrorCode =
  | "not_ready"
  | "closed"
  | "bad_key_package"
  | "bad_welcome"
  | "bad_message"
  | "bad_state"
  | "commit_refused"
  | "commit_pending"
  | "commit_would_be_lost"
  | "removed"
  | "other_group"
  | "wrong_state"
  | "not_coordinator"
  | "coordinator_is_active"
  | "wrong_transition"
  | "members_not_ready"
  | "state_not_stored"
  | "member_id_taken"
  | "nonce_reuse"
  | "too_large"
  | "epoch_exhausted"
  | "bad_arguments"

/** What a {@link StackError} tells beside its code. */
export interface StackErrorDetails {
  /** The word of the layer below, for programs. */
  readonly reason?: string
  readonly missing?: readonly MissingMember[]
  readonly cause?: unknown
}

/** A member who is waited for. */
export interface MissingMember {
  readonly leafIndex: number
  /** `undefined` for one who has not sent anything yet, and whose leaf does not name it. */
  readonly memberId: number | undefined
}

/** The error of this library. Nothing has changed when it is thrown. */
export class StackError extends Error {
  override readonly name = "StackError"
  readonly code: StackErrorCode
  readonly reason: string | undefined
  readonly missing: readonly MissingMember[]

  constructor(code: StackErrorCode, message: string, details: StackErrorDetails = {}) {
    super(details.reason === undefined ? message : `${message} (${details.reason})`, { cause: details.cause })
    this.code = code
    this.reason = details.reason
    this.missing = details.missing ?? []
  }
}

const REFUSED_FRAMES = {
  too_large: "the payload is too large for a frame: cut it",
  epoch_exhausted: "the epoch has no sequence numbers left on this stream: commit to a new one",
  nonce_reuse: "profile 1 would seal two members' payloads under one key and nonce: use profile 2",
} as const

/** Why no frame was made. */
export function refusedFrame(reason: keyof typeof REFUSED_FRAMES): StackError {
  return new StackError(reason, REFUSED_FRAMES[reason])
}
