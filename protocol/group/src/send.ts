import { sendEnvelope } from "@qpc/envelope"
import { sendText } from "@qpc/gtp"
import { equalBytes, newMessageId, toIdentityKey } from "@qpc/wire"
import { checkText } from "./check-settings.ts"
import { attempt } from "./commit.ts"
import type { Content, Intent } from "./content.ts"
import type { Draft } from "./draft.ts"
import type { RefusalReason } from "./event.ts"
import { encodeSettings, firstSettings } from "./group-settings.ts"
import { assertName, messageLimits } from "./member-state.ts"
import type { MemberState } from "./member-state.ts"
import { ALL_PERMISSIONS } from "./permissions.ts"
import type { RoleId } from "./permissions.ts"
import { planCommit } from "./plan.ts"
import { identitiesOf } from "./roster.ts"

/**
 * The way down: text → GTP message → GBP content → MLS PrivateMessage → GBP frame → envelope. Everything else becomes a
 * commit, at once or behind the one that is pending.
 */
export function sendContent(state: MemberState, content: Content, nowMs: number, draft: Draft): void {
  checkContent(state, content)
  if (!state.isActive) {
    const reason = state.group.phase === "removed" ? "not_a_member" : "must_rejoin"
    return draft.tell({ kind: "refused", reason })
  }
  const refusal =
    content.kind === "text" ? sendTextContent(state, content.text, nowMs, draft) : takeUp(state, content, nowMs, draft)
  if (refusal !== undefined) draft.tell({ kind: "refused", reason: refusal })
}

function sendTextContent(state: MemberState, text: string, nowMs: number, draft: Draft): RefusalReason | undefined {
  const made = makeText(state, text, nowMs)
  return typeof made === "string" ? made : sealText(state, made, nowMs, draft)
}

/** A text message before it is sealed. */
export interface MadeText {
  /** Names the text among those of its sender. */
  readonly mid: bigint
  readonly payload: Uint8Array
}

/** Makes a message of a text, if we may write one. @throws RangeError for text with lone surrogates */
export function makeText(state: MemberState, text: string, nowMs: number): MadeText | RefusalReason {
  const { group, onLayer, random } = state
  const objection = checkText(state.profile.settings, state.self)
  if (objection !== undefined) return objection
  const made = sendText({ text, senderId: group.ownLeafIndex, nowMs, random, limits: messageLimits(state.limits) })
  if (made.kind === "refused") return "text_too_large"
  const [bodyBytes, payloadBytes] = [made.bodyBytes, made.payload.length]
  onLayer?.({ layer: "gtp", direction: "down", bytesIn: bodyBytes, bytesOut: payloadBytes, id: `${made.messageId}` })
  return { mid: made.messageId, payload: made.payload }
}

/** Seals a text in the present epoch, and puts it into the draft for all others. */
export function sealText(state: MemberState, made: MadeText, nowMs: number, draft: Draft): RefusalReason | undefined {
  const { group, groupId, keys, onLayer, random } = state
  const { mid, payload } = made
  keys.payloadBytes = payload.length
  const framed = state.sender.send({ streamType: "text", payload })
  if (framed.kind === "refused") return framed.reason === "too_large" ? "text_too_large" : framed.reason

  const envelope = { kind: "application", groupId, epoch: framed.epoch, sealed: framed.bytes } as const
  const enveloped = sendEnvelope(envelope, { sizeBytes: state.limits.envelopeBytes })
  if (enveloped.kind === "too_large") return "text_too_large"
  const bytesOut = enveloped.bytes.length
  onLayer?.({ layer: "envelope", direction: "down", bytesIn: framed.bytes.length, bytesOut, id: envelope.kind })

  const messageId = newMessageId(nowMs, random)
  const recipients = identitiesOf(group).filter((member) => !equalBytes(member, state.self))
  if (recipients.length > 0) draft.send({ messageId, groupId, deliveries: [{ recipients, envelope: enveloped.bytes }] })
  draft.tell({ kind: "text_sealed", messageId, mid, sentAtMs: nowMs, epoch: framed.epoch })
  return undefined
}

function takeUp(state: MemberState, intent: Intent, nowMs: number, draft: Draft): RefusalReason | undefined {
  const { intents, group, random, limits } = state
  // What is hopeless from the start is refused: nothing was promised yet. What waits is planned again when its turn comes.
  const plan = planCommit(state, intent, nowMs)
  if (plan.kind === "impossible") return plan.reason
  const intentId = newMessageId(nowMs, random)
  const open = { intentId, intent: owned(intent), attempt: 0, isAlone: false }
  if (intents.pending !== undefined) {
    if (intents.queue.length >= limits.queuedIntents) return "too_many_intents"
    intents.queue.push(open)
  } else if (plan.kind === "commit" && !attempt(state, { change: plan.change, opens: [open] }, nowMs, draft)) {
    return "commit_refused"
  }
  draft.tell({ kind: "intent_queued", intentId })
  if (intents.pending === undefined) draft.tell({ kind: "intent_done", intentId, epoch: group.epoch })
  return undefined
}

/** An intent outlives the call that brought it. */
function owned(intent: Intent): Intent {
  switch (intent.kind) {
    case "invite":
      return { kind: "invite", keyPackages: intent.keyPackages.map((keyPackage) => keyPackage.slice()) }
    case "remove":
      return { kind: "remove", members: intent.members.map((member) => toIdentityKey(member.slice())) }
    case "set_roles":
      return {
        kind: "set_roles",
        permissions: new Map(intent.permissions),
        assignments: intent.assignments.map(({ identityKey, role }) => ({
          identityKey: toIdentityKey(identityKey.slice()),
          role,
        })),
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
      if (content.keyPackages.length === 0) throw new RangeError("nobody to invite")
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
