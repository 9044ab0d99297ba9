import type { IdentityKey } from "@qpc/wire"

/**
 * What a person wants of a group.
 *
 * A text is sealed at once. The others are **intents**: each becomes a commit, of which the delivery service accepts one
 * per epoch, and is tried again in the next epoch if another member was faster.
 */
export type Content =
  /** At most {@link GroupLimits.textBytes} of UTF-8. */
  | { readonly kind: "text"; readonly text: string }
  /** One key package for each newcomer, as its server handed it out. At least one. */
  | { readonly kind: "invite"; readonly keyPackages: readonly Uint8Array[] }
  /** At least one; not oneself, because nobody can commit their own removal (RFC 9420 §12.2). */
  | { readonly kind: "remove"; readonly members: readonly IdentityKey[] }
  /** New keys for oneself, so that a stolen device state stops being useful (RFC 9750 §8.2). */
  | { readonly kind: "update_keys" }

/** The contents that become commits. */
export type Intent = Exclude<Content, { readonly kind: "text" }>
