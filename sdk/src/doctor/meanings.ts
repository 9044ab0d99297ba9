import { INVITE_AGAIN, REJOIN } from "../ask-member.ts"
import type { Repair, Urgency } from "./finding.ts"
import type { GroupState, ProfileState, StoreState, StuckState } from "./stuck-state.ts"

/** What a state means, what to do, and what the doctor can do. */
interface Meaning {
  readonly urgency: Urgency
  readonly meaning: string
  readonly nextStep: string
  readonly repair?: Repair
}

const REPAIR = "Repair it: qpc doctor --repair"
const LET_IN = "Connect: qpc recv. This device then asks the members to let it in again."
const TELL_OPERATOR = "Tell the server's operator."

const PROFILE_STATES: Readonly<Record<ProfileState, Meaning>> = {
  healthy: { urgency: "fine", meaning: "nothing is wrong", nextStep: "Nothing." },
  not_registered: {
    urgency: "stuck",
    meaning: "the profile has no user yet",
    nextStep: "Register: qpc --server ADDRESS register-user NAME",
  },
  logged_out: {
    urgency: "stuck",
    meaning: "the server no longer knows this login",
    nextStep: "Log in: qpc login NAME, or repair it: qpc doctor --repair",
    repair: "synchronise",
  },
  waiting_for_network: {
    urgency: "waits",
    meaning: "the server cannot be reached; what you write is kept and goes out later",
    nextStep: "Check the network and the server's address; it is tried again by itself.",
    repair: "synchronise",
  },
  server_changed: {
    urgency: "stuck",
    meaning: "the server shows another key than before; somebody may be in between",
    nextStep: "Ask its operator why, over another way than this server; nothing was sent.",
  },
  certificate_expired: {
    urgency: "stuck",
    meaning: "the server's certificate has expired, or this machine's clock is wrong, and QUIC takes none such",
    nextStep: "Connect over TLS (--transport auto); then set the clock, or ask the server's operator to renew it.",
  },
  server_refuses: { urgency: "stuck", meaning: "the server refuses this profile", nextStep: TELL_OPERATOR },
  server_lost_inbox: {
    urgency: "stuck",
    meaning: "the server counts less in our inbox than we took in: it lost its data, or is an older copy",
    nextStep: `${REPAIR}; what others sent meanwhile may be lost. ${TELL_OPERATOR}`,
    repair: "synchronise",
  },
  inbox_waiting: {
    urgency: "waits",
    meaning: "messages wait at the server",
    nextStep: "Take them in: qpc recv",
    repair: "synchronise",
  },
  invitation_awaited: {
    urgency: "waits",
    meaning: "messages came for groups whose invitation has not come yet",
    nextStep: "Nothing; they are opened with the invitation, or given up after a week.",
    repair: "synchronise",
  },
  clock_wrong: {
    urgency: "stuck",
    meaning: "this machine's clock differs by much from the server's, or from what this profile has written down",
    nextStep: "Set the clock of this machine; if it is right, tell the server's operator.",
  },
  key_packages_none: {
    urgency: "stuck",
    meaning: "the server has no key package of ours left: nobody can invite us",
    nextStep: REPAIR,
    repair: "synchronise",
  },
  key_packages_last_resort: {
    urgency: "stuck",
    meaning: "the server hands out our last-resort key package: several people may invite us with the same one",
    nextStep: REPAIR,
    repair: "synchronise",
  },
  key_packages_low: {
    urgency: "waits",
    meaning: "the server has few key packages of ours left",
    nextStep: "Nothing; the next connection brings more.",
    repair: "synchronise",
  },
  key_packages_expired: {
    urgency: "stuck",
    meaning: "by this machine's clock, all our key packages have expired",
    nextStep: `Check the clock. ${REPAIR}`,
    repair: "synchronise",
  },
}

const STORE_STATES: Readonly<Record<StoreState, Meaning>> = {
  storage_damaged: {
    urgency: "stuck",
    meaning: "the profile's database cannot be read",
    nextStep: "Move the folder away and restore it from a backup, or register again under another name.",
  },
  record_damaged: {
    urgency: "stuck",
    meaning: "the profile holds a damaged record",
    nextStep:
      "Restore the profile from a backup. Without one: qpc doctor --repair --yes deletes the record, and with it what it held.",
    repair: "forget_damaged",
  },
  group_damaged: {
    urgency: "stuck",
    meaning:
      "what the profile has stored of a group is damaged: nothing can be sent or read there, and the other groups go on",
    nextStep:
      "qpc doctor --repair --yes deletes the group's keys and keeps its history; this device then asks the members to let it in again. What they write until then cannot be read here.",
    repair: "forget_damaged",
  },
  identity_damaged: {
    urgency: "stuck",
    meaning: "the profile cannot read who it belongs to: its private key is gone",
    nextStep: "Restore the profile from a backup, or register again under another name.",
  },
  profile_newer: {
    urgency: "stuck",
    meaning: "the profile was written by a newer qpc",
    nextStep: "Update qpc.",
  },
  disk_full: {
    urgency: "stuck",
    meaning: "the disk is full: nothing can be received or sent",
    nextStep: "Free some space; nothing was lost.",
  },
  disk_failing: {
    urgency: "stuck",
    meaning: "the profile cannot be read or written",
    nextStep: "Check the disk and the permissions of the folder.",
  },
  profile_in_use: {
    urgency: "stuck",
    meaning: "another qpc is using this profile",
    nextStep: "Close the other qpc, then ask again.",
  },
  wrong_password: {
    urgency: "stuck",
    meaning: "that is not the password of this profile",
    nextStep: "Try again; without the password nobody can open this profile.",
  },
}

const GROUP_STATES: Readonly<Record<GroupState, Meaning>> = {
  group_unsupported: {
    urgency: "stuck",
    meaning: "this program cannot read what the profile has stored of a group; the other groups go on",
    nextStep:
      "Update qpc and the Node that it runs on. Nothing of the group was changed, and what arrives is kept for a week.",
  },
  outbox_waiting: {
    urgency: "waits",
    meaning: "messages of yours wait for the network",
    nextStep: "Nothing; they go out with the next connection.",
    repair: "synchronise",
  },
  outbox_full_inbox: {
    urgency: "waits",
    meaning: "messages of yours wait for room in somebody's full inbox; all others have them",
    nextStep: "Ask them to read their messages.",
    repair: "synchronise",
  },
  text_failed: {
    urgency: "note",
    meaning: "messages of yours could not be sent",
    nextStep: "See why: qpc history GROUP; then send them again.",
  },
  pending_commit_sending: {
    urgency: "waits",
    meaning: "a change of the group waits for the network",
    nextStep: "Nothing; it goes out with the next connection.",
    repair: "synchronise",
  },
  pending_commit_unanswered: {
    urgency: "waits",
    meaning: "the server has a change of yours, and it has not come back through the inbox yet",
    nextStep: "Connect: qpc recv",
    repair: "synchronise",
  },
  pending_commit_overtaken: {
    urgency: "waits",
    meaning: "another change of the group was first, and has not come yet",
    nextStep: "Connect: qpc recv. Yours is made anew after it.",
    repair: "synchronise",
  },
  pending_commit_lost: {
    urgency: "stuck",
    meaning: "the server took a change of yours and does not have it any more",
    nextStep:
      "qpc doctor --repair --yes gives it up. If others have followed it all the same, you have to be invited again. Tell the server's operator.",
    repair: "give_up_pending",
  },
  intent_waiting: {
    urgency: "waits",
    meaning: "changes of the group wait for the one before them",
    nextStep: "Nothing; they follow it.",
    repair: "synchronise",
  },
  intent_halted: {
    urgency: "stuck",
    meaning: "the server was proven to show two histories of this group: no change of yours goes out",
    nextStep: "Show the proof to the other members (qpc proof export); go on with qpc proof continue.",
  },
  leaving: {
    urgency: "waits",
    meaning: "you asked to leave; another member who is online carries it out",
    nextStep: "Nothing; it is tried again by itself.",
    repair: "synchronise",
  },
  texts_held: {
    urgency: "waits",
    meaning: "messages of yours wait until somebody has left the group",
    nextStep: "Nothing; they are sent after that.",
    repair: "synchronise",
  },
  texts_missing: {
    urgency: "waits",
    meaning: "messages of others were sent and have not come; other members are asked for them",
    nextStep: "Stay connected: qpc chat, or qpc recv now and then. See which ones: qpc history GROUP",
    repair: "synchronise",
  },
  parked_for_commit: {
    urgency: "waits",
    meaning: "messages came before the change of the group that they need",
    nextStep: "Connect: qpc recv. The change is fetched; if it cannot be had, they are given up after ten minutes.",
    repair: "synchronise",
  },
  behind: {
    urgency: "waits",
    meaning: "the group has changed since this profile was last connected",
    nextStep: "Connect: qpc recv",
    repair: "synchronise",
  },
  not_followed: {
    urgency: "stuck",
    meaning: "the server has changes of the group that this profile cannot follow",
    nextStep:
      "Ask the others whether they can still write in the group. If they can, and want the change: qpc doctor --repair --yes lets this device in behind it, on the word of one of them. If nobody can, somebody made a change that the group does not allow: found a new group without them.",
    repair: "synchronise",
  },
  history_gone: {
    urgency: "waits",
    meaning: "the server no longer keeps the changes of the group that this profile needs",
    nextStep: LET_IN,
    repair: "synchronise",
  },
  log_refused: {
    urgency: "stuck",
    meaning: "the server refuses to hand out the changes of the group that this profile needs",
    nextStep:
      "Tell the server's operator. They are asked for again with each connection; until then nothing new of the group can be read.",
    repair: "synchronise",
  },
  server_behind: {
    urgency: "stuck",
    meaning: "the server is behind this profile: it lost its data, or is an older copy",
    nextStep: `${TELL_OPERATOR} Until then the group cannot be changed.`,
  },
  server_lost_group: {
    urgency: "stuck",
    meaning: "the server does not know this group, or does not know us as one of its members",
    nextStep: `Ask the other members whether you are still in. If they say so: ${TELL_OPERATOR.toLowerCase()}`,
  },
  must_rejoin: {
    urgency: "waits",
    meaning:
      "this profile cannot go on in the group: it was copied or restored, or the others followed a change that it gave up",
    nextStep: `${LET_IN} Use this profile on one machine only.`,
    repair: "synchronise",
  },
  rejoining: {
    urgency: "waits",
    meaning: "this device lost the group and has asked the members to let it in again",
    nextStep:
      "Nothing; it goes on when one of them is online. If that takes too long, ask a member to remove you and to invite you again.",
    repair: "synchronise",
  },
  rejoin_given_up: {
    urgency: "stuck",
    meaning: "this device lost the group and has not found back into it by itself",
    nextStep: `${REJOIN} Or try again: qpc doctor --repair (against a copy of this profile, where others got other roles meanwhile, or if you said yes before: qpc doctor --repair --yes)`,
    repair: "synchronise",
  },
  removed: {
    urgency: "note",
    meaning: "somebody removed you from this group",
    nextStep: INVITE_AGAIN,
  },
  left: { urgency: "note", meaning: "you left this group", nextStep: "Nothing." },
  closed: { urgency: "note", meaning: "an admin closed this group", nextStep: "Nothing." },
}

/** What each state means; `docs/doctor.md` has a row for each. */
export const MEANINGS: Readonly<Record<StuckState, Meaning>> = { ...PROFILE_STATES, ...STORE_STATES, ...GROUP_STATES }
