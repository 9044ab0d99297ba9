import type { Notice } from "@qpc/sdk"
import { personText } from "./text.ts"

/** What a notice says to a person; what is only of use to whoever reports it stays a name and numbers. */
export function noticeText(notice: Notice): string {
  const { reason, person, sizeBytes, seq } = notice
  const who = person === undefined ? "A member" : personText(person)
  switch (reason) {
    case "own_message_ahead":
      return "Another copy of this profile sent messages to a group, so this one has stopped there and asks the members to let it in again. Use one copy only: the other one will be out then."
    case "abandoned_commit":
      return "The server passed on a change that it had refused before, so this profile cannot follow the group. It asks the members to let it in again."
    case "key_package_gone":
      return "A group changed its cipher suite, and its invitation is for no key package that this profile has, so it does not follow: this is an older copy of the profile, or the server passed another invitation on. Each connection tries it again (qpc recv). If it stays so, ask the others whether they can still write there, and if they can: qpc doctor --repair --yes."
    case "replaced_by_copy":
      return "Another copy of this profile let itself into a group again, so this one is out there. Use one copy only; to go on with this one, ask a member to remove you and invite you again."
    case "rejoined":
      return "This profile had lost a group and is in it again. What was said there meanwhile cannot be read: see qpc history."
    case "member_rejoined":
      return `${who}'s device had lost the group and is back in it: they cannot read what was said there meanwhile.`
    case "rejoin_answer_refused":
      return "Somebody's answer about a group that this profile has lost was not believed. If it does not get back in, ask a member to remove you and invite you again."
    case "rejoin_unconfirmed":
      return `${who} says that people have other roles by now in a group that this profile has lost. It does not go in on the word of one member: another who comes online may say the same. If you know it to be so: qpc doctor --repair --yes --group GROUP.`
    case "not_followed":
      return "The server has a change of a group that this profile does not follow: it may be one that the group does not allow. Ask the others whether they can still write there. If they can, and want the change: qpc doctor --repair --yes."
    case "rejoin_given_up":
      return "This profile has lost a group and does not get back in by itself. Ask a member to remove you and invite you again, or try again: qpc doctor --repair (with --yes, if you said so before)."
    case "suite_missing":
      return "A group changed to a cipher suite that this program does not have, so it cannot follow yet. Update qpc."
    case "invited_suite_missing":
      return "Somebody invited you into a group of a cipher suite that this program does not have. The invitation is kept for some days: update qpc."
    case "log_refused":
      return "The server refuses to hand out the changes of a group, so what was written after them cannot be read yet. They are asked for again as long as you are connected (qpc chat), and with each connection; all other groups go on. Tell the server's operator; if it stays so: qpc doctor."
    case "history_gone":
      return "This profile was away for longer than the server keeps the changes of a group, so it cannot follow that group: what was said there meanwhile cannot be read. It asks the members to let it in again."
    case "group_damaged":
      return "What this profile has stored of a group is damaged: nothing can be sent or read there, and all other groups go on. What to do: qpc doctor."
    case "welcome_for_damaged_group":
      return "An invitation into a group that this profile cannot read was refused: nobody could tell whether it leads back to an older state of it. See qpc doctor first; once the group's keys are deleted, ask a member to remove you and to invite you again."
    case "parking_full":
      return "So much waits for groups that this profile cannot open yet that something was given up: a message, or an invitation. Update qpc; if you miss a group, ask a member to remove you and to invite you again."
    case "parking_damaged":
      return "A message that had come before the invitation to its group could not be read any more and was given up."
    case "welcome_replaces_group":
      return "An invitation was refused: it would have replaced a group of yours by an older state of it, by one that is less well protected, by one where people have other roles than you know of, or by a group of somebody who is not in it. If you cannot follow that group, wait until two members are online, who let this profile in; or ask a member who was in it when you last could to remove you and invite you again. If you know the other roles to be right: qpc doctor --repair --yes --group GROUP."
    case "welcome_for_known_group":
      return "An invitation into a group that you are in was passed over. If you cannot follow that group, qpc doctor says what to do."
    case "welcome_by_stranger":
      return `${who}, whom you do not know from there, invited you again into a group that you were out of. Look at its members (qpc members) before you write: it may be another group with the same id.`
    case "last_resort_used":
      return "Last resort used: your key packages had run out, and several people may have invited you with the same one. It has been replaced."
    case "last_resort_refused":
      return "The server keeps no last-resort key package for as long as yours lives. It refused one that lives shorter too, or so many are stored here that none is made. Nobody can invite you once the others are used up: connect now and then (qpc recv). Where many are stored it mends itself when some have ended; else tell the server's operator."
    case "key_packages_refused":
      return "The server took no new key packages of yours, so nobody can invite you for long. Check this machine's clock; if it is right, tell the server's operator."
    case "invited_by_last_resort":
      return `Last resort used: ${who} has run out of key packages, so others may have been invited with the same one. Ask them to come online.`
    case "inbox_full":
      return `${who}'s inbox is full since ${new Date(notice.atMs).toLocaleString()}: what you write waits until they read their messages.`
    case "inbox_full_given_up":
      return `${who}'s inbox was full for too long: they will not get a message of yours that the others have.`
    case "invited_inbox_full":
      return "Somebody you invited has a full inbox and is not in: ask them to read their messages, then invite them again."
    case "server_equivocated":
      return "The server has signed two different histories of a group: it is lying to some of its members. Show them the proof (qpc proof export). You can still write; to change groups over this server all the same: qpc proof continue."
    case "head_unsigned":
    case "head_stale":
    case "time_backwards":
      return `What the server says of a group's history is not in order (${reason}). If it stays so, tell its operator.`
    case "other_server_key":
      return `${who} was told another key of the server than you, or says so, and then no lie of the server could be proven between you. Compare the server's key (qpc proof list) with theirs and with what its operator publishes.`
    case "authenticator_misstated":
      return "Somebody who changed a group told the server's log something untrue about it. The change itself is valid."
    case "head_missing":
    case "head_contradicts":
      return `The server showed a change of a group that does not fit the history that it has signed (${reason}): it was not followed. Ask the other members whether they can read you.`
    case "clock_differs":
      return "This machine's clock differs by much from the server's, so qpc goes by the server's. Set the clock of this machine; if it is right, tell the server's operator (qpc doctor says by how much)."
    case "server_time_refused":
      return "The server named a time that is over already, or did not sign it, so qpc does not go by it. Set the clock of this machine; if it is right, tell the server's operator."
    case "leave_delayed":
      return "You want to leave a group, and for a day no other member was online to let you go. It goes on by itself."
    case "ghost_device":
      return `${who} tried to add a device in another member's name, and was refused. Speak to the others about removing them.`
    case "counting_stopped":
      return `${who} changed a group so that messages are not numbered there any more: a device in it has a qpc that is too old for that, or says so. Until it is updated or removed, nobody notices if the server leaves out a message. Ask ${who} whose device it is.`
    case "send_failed":
      return "The server refused a message: see qpc history."
    case "intent_failed":
      return "A change of the group was given up: look at its members."
    default:
      return `Something could not be shown: ${reason} (${sizeBytes} bytes, number ${seq}).`
  }
}
