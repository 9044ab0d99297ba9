import { decodedOrUndefined, equalBytes } from "@qpc/wire"
import type { ControlMessage } from "../control.ts"
import { OPCODES } from "../control-args.ts"
import type { Arrived } from "./arrived.ts"
import { askHowThingsStand } from "./ask.ts"
import { controlMessage, fail, refuse } from "./live-state.ts"
import type { LiveState } from "./live-state.ts"
import { isSamePreparation } from "./promised.ts"
import type { Preparation } from "./promised.ts"
import { decodeReady, encodeReady } from "./ready-args.ts"

/** Which commit we followed out of an epoch, sealed in that epoch while we were in it. Everybody who was there can open it. */
export interface Departure extends Preparation {
  /** The epoch that we left. */
  readonly epoch: bigint
  readonly frame: Uint8Array
}

/** By which commit somebody says to have left an epoch. */
export interface SaidDeparture extends Preparation {
  readonly senderId: number
  readonly epoch: bigint
  /** Of the frame that says so. */
  readonly frameHash: Uint8Array
}

/** Somebody followed another commit out of an epoch than we. */
export interface Division {
  readonly senderId: number
  /** Of the frame that says so. */
  readonly frameHash: Uint8Array
}

/** MLS keeps the keys of as many epochs: nobody opens older ones. */
const DEPARTURES_MAX = 3
/** Members are told of once; more than this is no live group. */
const DIVISIONS_MAX = 1024

/** Seals where we are about to go. To be called before the commit takes effect: nobody can seal in an epoch that is over. */
export function noteDeparture<Change>(state: LiveState<Change>, preparation: Preparation): void {
  const { transitionId, coordinatorId, commitHash } = preparation
  const message = controlMessage(state, "ACK", transitionId, encodeReady(preparation))
  const departure = {
    transitionId,
    coordinatorId,
    commitHash,
    epoch: state.group.epoch,
    frame: state.group.seal(message),
  }
  state.departures = [...state.departures, departure].slice(-DEPARTURES_MAX)
}

/** True for a message that tells how its author left an epoch. */
export function isDeparture({ opcode, args }: ControlMessage): boolean {
  return opcode === OPCODES.ACK && args.length > 0
}

/**
 * Tells by which commits we came here. Whoever is in another epoch with the number of ours can open nothing that is sealed in it, and yet
 * the epochs before that we had in common. Any bytes can make us tell: once in `executeMs` to each.
 */
export function tellDepartures<Change>(state: LiveState<Change>, to: number | "all", nowMs: number): void {
  const { departures, departuresToldMs, limits } = state
  const told = [to, ...(to === "all" || !isMember(state, to) ? [] : ["all" as const])]
  const isTold = told.some((one) => nowMs - (departuresToldMs.get(one) ?? Number.NEGATIVE_INFINITY) < limits.executeMs)
  if (departures.length === 0 || isTold) return
  departuresToldMs.set(to, nowMs)
  for (const { frame } of departures) state.frames.push({ to, bytes: frame })
}

/**
 * Somebody left an epoch. If it is one that we left by another commit, the group is divided: nobody else can have done that but members who
 * broke the rules, or a coordinator that is alone in its epoch and was removed. We tell people, and them. Also taken from who was removed.
 */
export function takeDeparture<Change>(state: LiveState<Change>, arrived: Arrived, nowMs: number): void {
  const { message, senderId, epoch, frame } = arrived
  const { transitionId } = message
  const said = decodedOrUndefined(() => decodeReady(message.args))
  if (said?.commitHash === undefined) return refuse(state, message, senderId, "STREAM_POLICY_VIOLATION")
  const { coordinatorId, commitHash } = said
  const departure = { senderId, epoch, transitionId, coordinatorId, commitHash, frameHash: state.group.hash(frame) }
  if (epoch < state.group.epoch) return compare(state, departure, nowMs)
  keepSaid(state, departure)
  // They have gone on from where we are.
  if (epoch === state.group.epoch) askHowThingsStand(state, nowMs, senderId)
}

/** We left an epoch just now. Whoever had said before by which commit they did, did so in a frame that does not open again. */
export function compareEarlyDepartures<Change>(state: LiveState<Change>, nowMs: number): void {
  const { epoch } = state.group
  const due = state.saidDepartures.filter((one) => one.epoch < epoch)
  state.saidDepartures = state.saidDepartures.filter((one) => one.epoch >= epoch)
  for (const one of due) compare(state, one, nowMs)
}

/** One word of each member for each epoch, of which there are two: that which is in effect, and that which is staged. */
function keepSaid<Change>(state: LiveState<Change>, said: SaidDeparture): void {
  const others = state.saidDepartures.filter(({ senderId, epoch }) => {
    return senderId !== said.senderId || epoch !== said.epoch
  })
  state.saidDepartures = [...others, said]
}

function compare<Change>(state: LiveState<Change>, said: SaidDeparture, nowMs: number): void {
  const { senderId, epoch, transitionId, frameHash } = said
  const own = state.departures.find((one) => one.epoch === epoch)
  if (own === undefined || isSamePreparation(own, said)) return
  const isNew = !state.divisions.some((one) => one.senderId === senderId)
  if (isNew && state.divisions.length < DIVISIONS_MAX) {
    state.divisions.push({ senderId, frameHash })
    if (isMember(state, senderId)) state.events.push({ kind: "divided", memberId: senderId, epoch, transitionId })
  }
  tellDepartures(state, senderId, nowMs)
  const others = state.group.memberIds.filter((id) => id !== state.ownId)
  const areAllDivided = others.every((id) => state.divisions.some((one) => one.senderId === id))
  // One alone may lie; that all others say so can only be true.
  if (isMember(state, senderId) && areAllDivided && state.endpoint !== "failed") fail(state, "DIGEST_MISMATCH")
}

/** Somebody tells again, in the same frame, how they left an epoch: our answer may be lost. */
export function hearDivisionAgain<Change>(state: LiveState<Change>, frame: Uint8Array, nowMs: number): void {
  const frameHash = state.group.hash(frame)
  const known = state.divisions.find((one) => equalBytes(one.frameHash, frameHash))
  if (known !== undefined) tellDepartures(state, known.senderId, nowMs)
}

function isMember<Change>({ group }: LiveState<Change>, memberId: number): boolean {
  return group.memberIds.includes(memberId)
}
