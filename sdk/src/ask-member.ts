/** What helps whoever cannot follow a group any more. */
export const REJOIN = "Ask a member to remove you and to invite you again; use this profile on one machine only."

/** What helps whoever is out of a group. A person is a member by any device, so by one that was lost too, and nobody invites a member. */
export const INVITE_AGAIN =
  "Ask a member to invite you again; if you still count as a member there, by a device that you lost, to remove you first."
