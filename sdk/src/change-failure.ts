import type { PlanFailure, TextObjection } from "@qpc/group"

/** Why the group, as it is, does not let us do something. */
type ChangeFailure = PlanFailure | TextObjection

/** True for the reasons that {@link CHANGE_FAILURES} explains. */
export function isChangeFailure(reason: string): reason is ChangeFailure {
  return Object.hasOwn(CHANGE_FAILURES, reason)
}

const ASK_ADMIN = "Ask an admin of the group."
const NOT_YOURS = { what: "your role in this group does not allow it", nextStep: ASK_ADMIN }
const NOT_ABOVE = { what: "their role allows more than yours", nextStep: ASK_ADMIN }

const KNOWN_SUITES = "Choose x-wing: qpc change-suite GROUP x-wing"

/** What to say to a person, and what they can do. */
export const CHANGE_FAILURES: Readonly<Record<ChangeFailure, { readonly what: string; readonly nextStep: string }>> = {
  key_package_rejected: {
    what: "their key package cannot be used",
    nextStep: "Invite again: their key package had expired.",
  },
  group_full: { what: "the group has as many members as it may have", nextStep: "Begin another group." },
  commit_refused: {
    what: "the group cannot be changed like that",
    nextStep: "Look at the members; the group is not as it was.",
  },
  settings_missing: { what: "the group is older than roles and new names", nextStep: "Begin another group." },
  device_of_another: { what: "the device is somebody else's", nextStep: "Look at your devices: qpc device list." },
  ghost_device: { what: "people add their devices themselves", nextStep: "Ask them to approve the device." },
  device_left_behind: { what: "people leave with all their devices", nextStep: "Try again; the group has changed." },
  too_many_devices: {
    what: "a person would have more devices than the group allows",
    nextStep: "Remove one of the devices first.",
  },
  suite_missing: { what: "this program does not have that cipher suite", nextStep: KNOWN_SUITES },
  suite_unchanged: { what: "the group has that cipher suite", nextStep: "Nothing." },
  suite_unknown: { what: "groups do not have that cipher suite", nextStep: KNOWN_SUITES },
  suite_other_signature: { what: "devices sign with Ed25519, and that cipher suite does not", nextStep: KNOWN_SUITES },
  suite_weaker: { what: "it would weaken the group", nextStep: "Begin another group if you must." },
  suite_key_package_missing: {
    what: "somebody cannot follow into that cipher suite yet",
    nextStep:
      "Ask everybody to update qpc and to connect once, or remove the devices that are not used any more; then try again.",
  },
  role_unknown: { what: "the group has no such role", nextStep: "Choose another role." },
  role_of_stranger: { what: "only members have roles", nextStep: "Invite them first." },
  group_closed: { what: "the group is closed", nextStep: "Begin another group." },
  no_admin_left: { what: "a group needs an admin", nextStep: "Make somebody else an admin first, or close the group." },
  remove_above_own: NOT_ABOVE,
  roles_above_own: NOT_ABOVE,
  suite_not_allowed: NOT_YOURS,
  text_not_allowed: NOT_YOURS,
  invite_not_allowed: NOT_YOURS,
  remove_not_allowed: NOT_YOURS,
  settings_not_allowed: NOT_YOURS,
  close_not_allowed: NOT_YOURS,
  roles_not_allowed: NOT_YOURS,
}
