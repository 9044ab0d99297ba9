import { OPCODES } from "../control-args.ts"
import type { Arrived } from "./arrived.ts"
import type { LiveState } from "./live-state.ts"

/** Words of one member that came early. */
const EARLY_MAX = 4
/** A frame with anything but a preparation, with its padding; and a preparation that comes early, but one. */
export const SAID_MAX_BYTES: number = 64 * 1024

/** Of the epoch that we are ready for, and to be done once we are there: they do not open a second time. */
const AHEAD_KEPT: ReadonlySet<number> = new Set([OPCODES.PREPARE_TRANSITION, OPCODES.ABORT_TRANSITION])

/**
 * Takes in what is of an epoch to come, if it has to wait for that. Preparations may be long: one such is kept, the newest, and only of
 * whoever prepared what we are ready for. Others are asked for again, as an honest coordinator does, or were never to be followed.
 *
 * @returns false for what need not wait
 */
export function keepAhead<Change>(state: LiveState<Change>, arrived: Arrived): boolean {
  const { pending } = state
  if (!AHEAD_KEPT.has(arrived.message.opcode)) return false
  if (isLong(arrived)) {
    if (pending.at !== "ready" || pending.senderId !== arrived.senderId) return true
    state.early = state.early.filter((one) => !isLong(one))
  }
  keepEarly(state, arrived)
  return true
}

function isLong({ frame }: Arrived): boolean {
  return frame.length > SAID_MAX_BYTES
}

/** Keeps a word of a transition that we have not heard of. MLS would not open it a second time. */
export function keepEarly<Change>(state: LiveState<Change>, arrived: Arrived): void {
  const theirs = state.early.filter(({ senderId }) => senderId === arrived.senderId)
  const dropped = theirs.length < EARLY_MAX ? undefined : theirs[0]
  state.early = [...state.early.filter((one) => one !== dropped), arrived]
}

/** Hands out what was kept early for a transition. */
export function takeEarly<Change>(state: LiveState<Change>, transitionId: number): Arrived[] {
  return takeWhere(state, ({ message }) => message.transitionId === transitionId)
}

/** Hands out what was kept early of an epoch. */
export function takeEarlyOf<Change>(state: LiveState<Change>, epoch: bigint): Arrived[] {
  return takeWhere(state, (arrived) => arrived.epoch === epoch)
}

function takeWhere<Change>(state: LiveState<Change>, isWanted: (arrived: Arrived) => boolean): Arrived[] {
  const found = state.early.filter(isWanted)
  state.early = state.early.filter((arrived) => !isWanted(arrived))
  return found
}
