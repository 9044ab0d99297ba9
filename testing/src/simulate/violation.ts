/** What must never happen. */
export type ViolationKind =
  /** Two members of one epoch have different keys or see different people. */
  | "fork"
  /** An epoch, once on disk, was left backwards. */
  | "epoch_back"
  /** A group went back to a weaker cipher suite. */
  | "weakened"
  /** An honest server was accused, or signed two heads for one epoch of a group. */
  | "accused"
  /** A message is on a disk twice. */
  | "duplicate"
  /** A message is on a disk whose sender never wrote it down, or that names another sender or group. */
  | "unsent"
  /** Two messages of one sender were shown in another order than they were written. */
  | "order"
  /** The server took two commits out of one epoch. */
  | "two_commits"
  /** The server accepted a message and somebody who should have it does not. */
  | "lost"
  /** An intent or message that neither succeeded nor failed. */
  | "stranded"
  /** Members did not come to one view of their group. */
  | "diverged"
  /** After everybody agreed, a message did not get through. */
  | "probe"
  /** Our own code failed in a way that it does not foresee. */
  | "mistake"

/** One thing that must never happen and did. */
export interface Violation {
  readonly kind: ViolationKind
  readonly what: string
}
