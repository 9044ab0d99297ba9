/** What the members of a live group can be asked to agree on. */
export type LiveChange =
  /** Of a {@link LiveInvitee}: an MLSMessage of a key package, whose leaf signs a member id that was never used. */
  | { readonly kind: "add"; readonly keyPackage: Uint8Array }
  /** All at once: none of them is asked, so that several who are gone do not hold up each other's removal. */
  | { readonly kind: "remove"; readonly memberIds: readonly number[] }
  /** New keys for ourselves, and new secrets for all. */
  | { readonly kind: "update_keys" }
  /** New keys for a member that asks the coordinator for them: an MLSMessage of an Update of its leaf. */
  | { readonly kind: "update_leaf"; readonly memberId: number; readonly update: Uint8Array }
