/** What is measured, by name. */
export type OperationName =
  | "key_package"
  | "create"
  | "add"
  | "add_all"
  | "join"
  | "update_cold"
  | "update_warm"
  | "process"
  | "remove"
  | "protect"
  | "protect_10k"
  | "unprotect"
  | "unprotect_10k"
  | "export"
  | "save"
  | "load"

/** An operation and where it is measured. */
export interface Operation {
  readonly name: OperationName
  /** For people. */
  readonly what: string
  /** `none`: does not depend on a group. `ends`: in a group of two and in the largest of all libraries only. */
  readonly sizes: "all" | "ends" | "none"
}

/** Above this only ours and the bound are measured. */
export const PEER_MEMBERS_LIMIT = 1000

/** In the order in which they are measured: those that change the tree come last. */
export const OPERATIONS: readonly Operation[] = [
  { name: "key_package", what: "make a key package, the signature key being there", sizes: "none" },
  { name: "create", what: "make a group of one", sizes: "none" },
  { name: "add_all", what: "grow from one member to n with one commit and one Welcome", sizes: "all" },
  { name: "add", what: "commit one more member with a Welcome, drop it", sizes: "all" },
  { name: "join", what: "enter from a Welcome and check the whole tree", sizes: "all" },
  { name: "export", what: "export a secret of 32 bytes", sizes: "ends" },
  { name: "protect", what: "seal 100 bytes", sizes: "all" },
  { name: "unprotect", what: "open 100 bytes and check who sent them", sizes: "all" },
  { name: "protect_10k", what: "seal 10 KiB", sizes: "ends" },
  { name: "unprotect_10k", what: "open 10 KiB and check who sent them", sizes: "ends" },
  { name: "save", what: "encode the whole state", sizes: "all" },
  { name: "load", what: "read the whole state", sizes: "all" },
  { name: "remove", what: "commit the removal of one member, drop it", sizes: "all" },
  { name: "update_cold", what: "commit fresh keys where one commit added all members; merge", sizes: "all" },
  { name: "update_warm", what: "commit fresh keys where every subtree beside the path has a key; merge", sizes: "all" },
  { name: "process", what: "receive such a commit in the other half of the tree; merge", sizes: "all" },
]

/** True if an operation belongs into the run of one size. */
export function isMeasuredAt({ sizes }: Operation, memberCount: number): boolean {
  if (sizes === "none") return false
  return sizes === "all" || memberCount === 2 || memberCount === PEER_MEMBERS_LIMIT
}
