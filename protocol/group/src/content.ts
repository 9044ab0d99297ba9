import type { DeviceKey, IdentityKey } from "@qpc/wire"
import type { RoleId } from "@qpc/gsp"
import type { RoleAssignment } from "./permissions.ts"

/**
 * What a person wants of a group.
 *
 * A text is sealed at once. The others are **intents**: each becomes a commit, of which the delivery service accepts one
 * per epoch, and is tried again in the next epoch if another member was faster.
 */
export type Content =
  /** At most {@link GroupLimits.textBytes} of UTF-8. */
  | { readonly kind: "text"; readonly text: string }
  /**
   * One key package for each device of each newcomer, as their server handed it out. At least one. All devices of a person come
   * at once; those of somebody who is there already are passed over.
   */
  | { readonly kind: "invite"; readonly keyPackages: readonly Uint8Array[] }
  /** At least one; not oneself, because nobody can commit their own removal (RFC 9420 §12.2). All their devices go, and their roles. */
  | { readonly kind: "remove"; readonly members: readonly IdentityKey[] }
  /** Other devices of ours, one key package for each. At least one. */
  | { readonly kind: "add_devices"; readonly keyPackages: readonly Uint8Array[] }
  /** Other devices of ours. At least one; not the one that we are. */
  | { readonly kind: "remove_devices"; readonly devices: readonly DeviceKey[] }
  /** One to {@link GroupLimits.nameCharacters}. */
  | { readonly kind: "rename"; readonly name: string }
  /** Other roles for members, or other permissions for roles; at least one of both. What is not named stays as it is. */
  | {
      readonly kind: "set_roles"
      readonly assignments: readonly RoleAssignment[]
      /** Bits of {@link PERMISSIONS}. A role that is new here is made. */
      readonly permissions: ReadonlyMap<RoleId, number>
    }
  /** Whole seconds after which members delete what they have read, at most 366 days; 0 for never. */
  | { readonly kind: "set_timer"; readonly disappearAfterSeconds: number }
  /** Ends the group for ever: it can be read, and nothing else. */
  | { readonly kind: "close" }
  /**
   * Leaves the group: another member has to commit it, as soon as one is there. Whoever is the last admin names a successor, who gets
   * their role, or closes the group instead; of others, who have nothing to hand over, a successor means nothing. From then on they say and change nothing.
   */
  | { readonly kind: "leave"; readonly successor?: IdentityKey }
  /**
   * Another cipher suite for the group, from the next epoch on and for ever, or until one that is no weaker. One key package of that
   * suite for each device in the group but ours; those of others are passed over.
   */
  | { readonly kind: "change_suite"; readonly suiteId: number; readonly keyPackages: readonly Uint8Array[] }
  /** New keys for oneself, so that a stolen device state stops being useful (RFC 9750 §8.2). */
  | { readonly kind: "update_keys" }

/** The contents that become commits. */
export type Intent = Exclude<Content, { readonly kind: "text" }>
