import { equalBytes, newMessageId, toDeviceKey, toIdentityKey } from "@qpc/wire"
import { attempt, attemptNext } from "./commit.ts"
import { conditionOf } from "./condition.ts"
import type { Content, Intent } from "./content.ts"
import type { Draft } from "./draft.ts"
import type { RefusalReason } from "./event.ts"
import { encodeSettings, firstSettings } from "./group-settings.ts"
import { isLeaving } from "./leave-group.ts"
import { assertName } from "./member-state.ts"
import type { MemberState } from "./member-state.ts"
import { ALL_PERMISSIONS } from "@qpc/gsp"
import type { RoleId } from "@qpc/gsp"
import { planCommit } from "./plan.ts"
import { sendText } from "./send-text.ts"

/** The way down: a text is sealed (`send-text.ts`), everything else becomes a commit, at once or behind the one that is pending. */
export function sendContent(state: MemberState, content: Content, nowMs: number, draft: Draft): void {
  checkContent(state, content)
  if (!state.isActive) {
    const mustRejoin = conditionOf(state).ending === "must_rejoin"
    return draft.tell({ kind: "refused", reason: mustRejoin ? "must_rejoin" : "not_a_member" })
  }
  if (isLeaving(state)) return draft.tell({ kind: "refused", reason: "leaving" })
  const refusal =
    content.kind === "text" ? sendText(state, content.text, nowMs, draft) : takeUp(state, content, nowMs, draft)
  if (refusal !== undefined) draft.tell({ kind: "refused", reason: refusal })
}

function takeUp(state: MemberState, intent: Intent, nowMs: number, draft: Draft): RefusalReason | undefined {
  const { intents, keys, random, limits } = state
  if (state.heads.isHalting) return "server_equivocated"
  // What is hopeless from the start is refused: nothing was promised yet. What waits is planned again when its turn comes.
  const plan = planCommit(state, intent, nowMs)
  const mayChange = intent.kind === "leave" && intents.openCount > 0
  if (plan.kind === "impossible" && !mayChange) return plan.reason
  const intentId = newMessageId(nowMs, random)
  const open = { intentId, intent: owned(intent), attempt: 0, isAlone: false }
  if (intents.pending !== undefined || intent.kind === "leave") {
    if (intents.queue.length >= limits.queuedIntents) return "too_many_intents"
    intents.queue.push(open)
  } else if (plan.kind === "commit" && !attempt(state, { change: plan.change, opens: [open] }, nowMs, draft)) {
    return "commit_refused"
  }
  draft.tell({ kind: "intent_queued", intentId })
  if (intent.kind === "leave") attemptNext(state, nowMs, draft)
  else if (intents.pending === undefined) draft.tell({ kind: "intent_done", intentId, epoch: keys.epoch })
  return undefined
}

/** An intent outlives the call that brought it. */
function owned(intent: Intent): Intent {
  switch (intent.kind) {
    case "invite":
    case "add_devices":
      return { kind: intent.kind, keyPackages: intent.keyPackages.map((keyPackage) => keyPackage.slice()) }
    case "remove":
      return { kind: "remove", members: intent.members.map((member) => toIdentityKey(member.slice())) }
    case "change_suite":
      return { ...intent, keyPackages: intent.keyPackages.map((keyPackage) => keyPackage.slice()) }
    case "remove_devices":
      return { kind: "remove_devices", devices: intent.devices.map((device) => toDeviceKey(device.slice())) }
    case "set_roles":
      return {
        kind: "set_roles",
        permissions: new Map(intent.permissions),
        assignments: intent.assignments.map(({ identityKey, role }) => ({
          identityKey: toIdentityKey(identityKey.slice()),
          role,
        })),
      }
    case "leave": {
      const { successor } = intent
      return { kind: "leave", ...(successor && { successor: toIdentityKey(successor.slice()) }) }
    }
    case "rename":
    case "set_timer":
    case "close":
    case "update_keys":
      return intent
  }
}

function checkContent(state: MemberState, content: Content): void {
  switch (content.kind) {
    case "text":
      if (!content.text.isWellFormed()) throw new RangeError("text with a lone surrogate")
      return
    case "invite":
    case "add_devices":
      if (content.keyPackages.length === 0) throw new RangeError("nobody to invite")
      return
    case "remove_devices":
      if (content.devices.length === 0) throw new RangeError("no device to remove")
      if (content.devices.some((device) => equalBytes(toDeviceKey(device), state.device))) {
        throw new RangeError("no device can commit its own removal")
      }
      return
    case "remove":
      if (content.members.length === 0) throw new RangeError("nobody to remove")
      if (content.members.some((member) => equalBytes(toIdentityKey(member), state.self))) {
        throw new RangeError("nobody can commit their own removal")
      }
      return
    case "rename":
      assertName(content.name, state.limits)
      return
    case "set_timer":
      encodeSettings({ ...firstSettings("any", state.self), disappearAfterSeconds: content.disappearAfterSeconds })
      return
    case "set_roles":
      assertRoles(content)
      return
    case "leave":
      if (content.successor && equalBytes(toIdentityKey(content.successor), state.self)) {
        throw new RangeError("nobody is their own successor")
      }
      return
    case "change_suite":
      if (!Number.isInteger(content.suiteId) || content.suiteId < 1 || content.suiteId > 0xffff) {
        throw new RangeError(`no cipher suite: ${content.suiteId}`)
      }
      return
    case "close":
    case "update_keys":
  }
}

function assertRoles({ assignments, permissions }: Extract<Content, { kind: "set_roles" }>): void {
  if (assignments.length + permissions.size === 0) throw new RangeError("no role to set")
  for (const { identityKey, role } of assignments) {
    toIdentityKey(identityKey)
    assertRole(role)
  }
  for (const [role, bits] of permissions) {
    assertRole(role)
    if (!Number.isInteger(bits) || (bits & ~ALL_PERMISSIONS) !== 0) throw new RangeError(`no permissions: ${bits}`)
  }
}

function assertRole(role: RoleId): void {
  if (!Number.isInteger(role) || role < 0 || role > 0xff) throw new RangeError(`no role: ${role}`)
}
