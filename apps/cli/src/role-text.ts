import type { ClientEvent, Person, RoleName } from "@qpc/sdk"
import { durationText } from "./duration.ts"
import { groupText, personText } from "./text.ts"
import { UsageError } from "./usage-error.ts"

const ROLES: readonly RoleName[] = ["member", "moderator", "admin"]

/** A role as it was typed. @throws UsageError for any other word */
export function parseRole(word: string): RoleName {
  const role = ROLES.find((name) => name === word)
  if (role === undefined) throw new UsageError(`A role is one of: ${ROLES.join(", ")}.`)
  return role
}

/** `an admin`, `a moderator`. */
export function aRole(role: string): string {
  return `${/^[aeiou]/.test(role) ? "an" : "a"} ${role}`
}

function timerText({ disappearAfterSeconds }: ClientEvent & { readonly kind: "settings_changed" }): string {
  if (disappearAfterSeconds === 0) return "switched the timer off: new messages stay."
  return `set the timer: new messages disappear ${durationText(disappearAfterSeconds)} after they were read.`
}

/** What stands before a change that this profile has not seen itself; nothing if it has. */
export function accordingText({ accordingTo }: { readonly accordingTo?: Person }): string {
  return accordingTo === undefined ? "" : `While you were away, according to ${personText(accordingTo)}: `
}

/** What somebody changed about a group, in sentences. */
export function settingsText(event: ClientEvent & { readonly kind: "settings_changed" }): string {
  const by = event.by === undefined ? "Someone" : personText(event.by)
  const lines = event.assigned.map(({ person, role }) => `${by} made ${personText(person)} ${aRole(role)}.`)
  if (event.changed.includes("roles") && lines.length === 0) lines.push(`${by} changed what roles allow.`)
  if (event.changed.includes("name")) lines.push(`${by} called the group ${groupText(event)}.`)
  if (event.changed.includes("timer")) lines.push(`${by} ${timerText(event)}`)
  if (event.changed.includes("closed")) lines.push(`${by} closed the group: nobody can write in it any more.`)
  return `${accordingText(event)}${lines.join(" ")}`
}
