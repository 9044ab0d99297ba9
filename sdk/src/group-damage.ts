import { GroupStateError } from "@qpc/group"
import type { GroupStateErrorCode } from "@qpc/group"
import { toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { ClientError } from "./client-error.ts"

/** Why what is stored of a group cannot be used. */
export type StoredDamage =
  /** It does not fit together, or makes no sense. */
  | "record_damaged"
  /** The group is in a cipher suite that this program, or the machine that it runs on, lacks. */
  | "suite_unsupported"
  /** A newer program wrote it. */
  | "format_newer"

/** Why a group cannot be used. */
export type GroupDamage =
  | StoredDamage
  /** Its damaged keys were deleted, and this device asks the members to let it in again. */
  | "keys_deleted"

const DAMAGES: Readonly<Record<GroupStateErrorCode, StoredDamage>> = {
  corrupt: "record_damaged",
  // All members of a profile have its identity.
  wrong_identity: "record_damaged",
  unknown_version: "format_newer",
  unknown_suite: "suite_unsupported",
}

/** What it means that a member cannot be woken. @throws what is no {@link GroupStateError} */
export function damageOf(error: unknown): StoredDamage {
  if (error instanceof GroupStateError) return DAMAGES[error.code]
  throw error
}

/** True for what is whole, and of use to another program: it is left as it is. */
export function isForLater(damage: GroupDamage): boolean {
  return damage === "suite_unsupported" || damage === "format_newer"
}

const MEANINGS: Readonly<Record<GroupDamage, { readonly what: string; readonly nextStep: string }>> = {
  record_damaged: {
    what: "what this profile has stored of it is damaged",
    nextStep:
      "qpc doctor --repair --yes deletes its keys and keeps its history; this device then asks the members to let it in again.",
  },
  suite_unsupported: {
    what: "it is in a cipher suite that this program lacks",
    nextStep: "Update qpc and the Node that it runs on; nothing of the group was changed.",
  },
  format_newer: {
    what: "a newer qpc wrote what this profile has stored of it",
    nextStep: "Update qpc; nothing of the group was changed.",
  },
  keys_deleted: {
    what: "its damaged keys were deleted, and nobody has let this device in again yet",
    nextStep: "Connect: qpc recv. If nobody lets this device in, ask a member to remove you and to invite you again.",
  },
}

/** What a person should do about it. */
export function damageNextStep(damage: GroupDamage): string {
  return MEANINGS[damage].nextStep
}

/** What whoever wants to use the group is told. */
export function damagedGroupError(groupId: GroupId, damage: GroupDamage): ClientError {
  const { what, nextStep } = MEANINGS[damage]
  const code = isForLater(damage) ? "group_unsupported" : "group_damaged"
  return new ClientError(code, `group ${toHex(groupId).slice(0, 8)} cannot be used: ${what}`, { nextStep })
}
