/** What can be with a profile, or with its way to the server. */
export type ProfileState =
  | "healthy"
  | "not_registered"
  | "logged_out"
  | "waiting_for_network"
  | "server_changed"
  | "certificate_expired"
  | "server_refuses"
  | "server_lost_inbox"
  | "inbox_waiting"
  | "invitation_awaited"
  | "clock_wrong"
  | "key_packages_none"
  | "key_packages_last_resort"
  | "key_packages_low"
  | "key_packages_expired"

/** What can be with what is stored. */
export type StoreState =
  | "storage_damaged"
  | "record_damaged"
  | "group_damaged"
  | "identity_damaged"
  | "profile_newer"
  | "disk_full"
  | "disk_failing"
  | "profile_in_use"
  | "wrong_password"

/** What can be with a group, beside `healthy`. */
export type GroupState =
  | "outbox_waiting"
  | "outbox_full_inbox"
  | "text_failed"
  | "pending_commit_sending"
  | "pending_commit_unanswered"
  | "pending_commit_overtaken"
  | "pending_commit_lost"
  | "intent_waiting"
  | "intent_halted"
  | "leaving"
  | "texts_held"
  | "texts_missing"
  | "parked_for_commit"
  | "behind"
  | "not_followed"
  | "history_gone"
  | "server_behind"
  | "server_lost_group"
  | "must_rejoin"
  | "rejoining"
  | "rejoin_given_up"
  | "removed"
  | "left"
  | "closed"

/** The closed list of what the doctor tells apart; `meanings.ts` says what each is. */
export type StuckState = ProfileState | StoreState | GroupState
