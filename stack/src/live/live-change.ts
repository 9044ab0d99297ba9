/** What the members of a live group can be asked to agree on. */
export type LiveChange =
  /** Of a {@link LiveInvitee}: an MLSMessage of a key package, whose leaf signs a member id that was never used. */
  { readonly kind: "add"; readonly keyPackage: Uint8Array } | { readonly kind: "remove"; readonly memberId: number }
