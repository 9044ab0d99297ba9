import type { DamagedGroup, GroupDamage, MessageState, Person, StoredMessage } from "@qpc/sdk"
import { durationText } from "./duration.ts"
import { printableLine } from "./output.ts"

/** Lower-case hexadecimal, for ids in front of people and programs. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** A person by name, or by the beginning of the key where no name is pinned yet. */
export function personText(person: Person): string {
  return person.username === undefined ? keyText(person) : printableLine(person.username)
}

/** A group's name: whoever made the group chose it. */
export function groupText(group: { readonly name: string }): string {
  return printableLine(group.name)
}

const DAMAGES: Readonly<Record<GroupDamage, string>> = {
  record_damaged: "what is stored of it is damaged",
  suite_unsupported: "this program lacks its cipher suite",
  format_newer: "a newer qpc wrote it",
  keys_deleted: "its damaged keys were deleted, and nobody has let this device in again yet",
}

/** A group that cannot be used: its name is not known. */
export function damagedText({ id, damage, nextStep }: Pick<DamagedGroup, "id" | "damage" | "nextStep">): string {
  return `Group ${hex(id).slice(0, 8)} cannot be used: ${DAMAGES[damage]}. ${nextStep}`
}

function keyText(person: Person): string {
  return `${hex(person.identityKey).slice(0, 16)}…`
}

/** The last moment that a `Date` can name; the sender may claim any other. */
const LAST_DATE_MS = 8.64e15

/** Hours and minutes of the local day; the JSON form carries the whole time. */
function clockText(atMs: number): string {
  if (atMs > LAST_DATE_MS) return "--:--"
  return new Date(atMs).toTimeString().slice(0, 5)
}

const STATE_MARKS: Record<MessageState, string> = {
  received: "",
  accepted: "",
  stored: " (not sent yet)",
  failed: " (not sent)",
  unknown: " (nobody can say whether it was sent)",
}

/** In front of the second and later lines of a message, so that none of them looks like a message of its own. */
const CONTINUATION = "\n      │ "

/** One message of a conversation. */
export function messageText(message: StoredMessage): string {
  const failure = message.failure === undefined ? "" : ` ${message.failure.nextStep}`
  const who = message.isOwn ? "you" : personText(message.sender)
  return `${clockText(message.sentAtMs)} ${who}: ${message.text.replaceAll("\n", CONTINUATION)}${STATE_MARKS[message.state]}${failure}${timeLeft(message)}${lateMark(message)}`
}

const lateMark = ({ isLate }: StoredMessage): string => (isLate === true ? " (was missing, came later)" : "")

function timeLeft({ disappears }: StoredMessage): string {
  if (disappears === undefined) return ""
  const { afterSeconds, leftMs } = disappears
  return leftMs === undefined
    ? ` (disappears ${durationText(afterSeconds)} after it was read)`
    : ` (${durationText(leftMs / 1000)} left)`
}

/** The same for programs. */
export function messageJson(message: StoredMessage): Record<string, unknown> {
  return {
    id: message.id,
    groupId: hex(message.groupId),
    position: message.position,
    sender: { username: message.sender.username, identityKey: hex(message.sender.identityKey) },
    isOwn: message.isOwn,
    text: message.text,
    sentAtMs: message.sentAtMs,
    state: message.state,
    ...(message.failure === undefined ? {} : { failure: message.failure }),
    ...(message.disappears === undefined ? {} : { disappears: message.disappears }),
    ...(message.isLate === undefined ? {} : { isLate: true }),
  }
}

/** `1 message`, `2 messages`. */
export function countText(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`
}
