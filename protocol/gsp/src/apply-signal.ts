import type { StreamType } from "@qpc/gbp"
import { MEMBER_ROLE, PERMISSIONS } from "./permissions.ts"
import type { Permission } from "./permissions.ts"
import { memberPermissions } from "./signal-state.ts"
import type { SignalState } from "./signal-state.ts"
import type { Signal } from "./signal.ts"

/**
 * Why a signal has no effect.
 *
 * - `not_allowed`: its sender's role does not permit it.
 * - `above_own`: it gives or takes a permission that its sender does not have.
 * - `unknown_role`: there is no role of that number.
 * - `not_started`: it stops a stream that does not run.
 */
export type SignalRefusal = "not_allowed" | "above_own" | "unknown_role" | "not_started"

/** A signal and the member whose signature it came under. */
export interface SentSignal {
  readonly senderId: number
  readonly signal: Signal
}

/**
 * What a signal makes of a state, or why it makes nothing of it (GSP "Processing and authorization").
 *
 * Pure and total: all who fold the same signals in the same order into the same state have the same result. Whatever it is, it
 * demands the permission to signal at all. What it means to do what was done already is nothing: signals are repeated.
 */
export function applySignal(state: SignalState, { senderId, signal }: SentSignal): SignalState | SignalRefusal {
  if (!isAllowed(state, senderId, "sendSignal")) return "not_allowed"
  switch (signal.type) {
    case "join":
      return { ...state, present: new Set([...state.present, senderId]) }
    case "leave":
      return leave(state, senderId)
    case "role_change":
      return changeRole(state, senderId, signal)
    case "mute":
      return mute(state, senderId, signal.target)
    case "unmute":
      return unmute(state, senderId, signal.target)
    case "stream_start":
      return startStream(state, senderId, signal.stream)
    case "stream_stop":
      return stopStream(state, senderId, signal.stream)
    case "codec_update":
      return isAllowed(state, senderId, "muteOthers") ? { ...state, codec: signal.codec } : "not_allowed"
  }
}

/** A mute outlives its target's leaving: who comes back is still muted. */
function leave(state: SignalState, senderId: number): SignalState {
  const present = new Set([...state.present].filter((memberId) => memberId !== senderId))
  return { ...state, present, streams: without(state.streams, senderId) }
}

function changeRole(
  state: SignalState,
  senderId: number,
  { target, role }: Extract<Signal, { type: "role_change" }>,
): SignalState | SignalRefusal {
  const own = memberPermissions(state, senderId)
  if ((own & PERMISSIONS.assignRoles) === 0) return "not_allowed"
  const next = state.roles.get(role)
  if (next === undefined) return "unknown_role"
  // Nobody gives or takes what they do not have, or a moderator could unmake an admin.
  const changed = memberPermissions(state, target) ^ next
  if ((changed & ~own) !== 0) return "above_own"
  const others = without(state.assignments, target)
  return { ...state, assignments: role === MEMBER_ROLE ? others : new Map([...others, [target, role]]) }
}

/** Everybody may mute themselves, those with the permission everybody else. */
function mute(state: SignalState, senderId: number, target: number): SignalState | SignalRefusal {
  if (target !== senderId && !isAllowed(state, senderId, "muteOthers")) return "not_allowed"
  // Who was muted by somebody else does not make it a mute of their own by muting themselves.
  if (state.mutes.has(target) && target === senderId) return state
  return { ...state, mutes: new Map([...state.mutes, [target, senderId]]) }
}

/** Whoever was muted by somebody else needs somebody with the permission to speak again. */
function unmute(state: SignalState, senderId: number, target: number): SignalState | SignalRefusal {
  const by = state.mutes.get(target)
  const isOwn = target === senderId && (by === undefined || by === senderId)
  if (!isOwn && !isAllowed(state, senderId, "muteOthers")) return "not_allowed"
  return { ...state, mutes: without(state.mutes, target) }
}

const STREAM_PERMISSION: Readonly<Record<StreamType, Permission>> = {
  control: "sendSignal",
  audio: "sendAudio",
  text: "sendText",
  signal: "sendSignal",
}

function startStream(state: SignalState, senderId: number, stream: StreamType): SignalState | SignalRefusal {
  if (!isAllowed(state, senderId, STREAM_PERMISSION[stream])) return "not_allowed"
  const running = new Set([...(state.streams.get(senderId) ?? []), stream])
  return { ...state, streams: new Map([...state.streams, [senderId, running]]) }
}

function stopStream(state: SignalState, senderId: number, stream: StreamType): SignalState | SignalRefusal {
  const running = state.streams.get(senderId)
  if (running?.has(stream) !== true) return "not_started"
  const left = new Set([...running].filter((one) => one !== stream))
  const others = without(state.streams, senderId)
  return { ...state, streams: left.size === 0 ? others : new Map([...others, [senderId, left]]) }
}

function isAllowed(state: SignalState, memberId: number, permission: Permission): boolean {
  return (memberPermissions(state, memberId) & PERMISSIONS[permission]) !== 0
}

function without<V>(map: ReadonlyMap<number, V>, memberId: number): Map<number, V> {
  return new Map([...map].filter(([known]) => known !== memberId))
}
