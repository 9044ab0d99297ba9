import { equalBytes } from "@qpc/wire"
import type { Arrived } from "./arrived.ts"
import type { MemberChanges } from "./live-group.ts"
import type { LiveState } from "./live-state.ts"

/** Which commit somebody prepared. */
export interface Preparation {
  readonly transitionId: number
  /** Who prepared it. */
  readonly coordinatorId: number
  readonly commitHash: Uint8Array
}

/** A frame with a preparation that opened. */
export interface OpenedPrepare extends Preparation {
  readonly frameHash: Uint8Array
}

/**
 * A transition that we said to be ready for in this epoch, with all frames of it that we have.
 *
 * MLS opens a frame once. So whatever opened is kept for as long as the transition may turn out to have been executed: until the epoch
 * ends, or its coordinator gives it up.
 */
export interface Promised extends Preparation {
  readonly prepare: Arrived
  /** Who is in the group after it: nobody can have executed it without the word of each of them. */
  readonly members: readonly number[]
  /** By member id, ours among them: the frames that say who is ready for it. */
  readonly readies: Map<number, Uint8Array>
  /** Its execution, as long as somebody's readiness is missing. */
  execute: Arrived | undefined
  /** When that came. */
  executedAtMs: number
  /** The frame that tells those who are removed by it. */
  notice: Uint8Array | undefined
  /** How often somebody who followed it handed us all they have, and somebody's word went on missing. */
  handedInVain: number
  /** Members who said under its number to be ready for another commit. */
  readonly contradictedBy: Set<number>
}

/** Transitions of one epoch that may still turn out to have been executed: one for each coordinator there was, and rarely two. */
const PROMISES_MAX = 16
/** How many times `executeMs` the words that are missing may take. */
const EXECUTIONS_LATE = 3
/** How often the words that are missing are handed to us before we give them up: any of these frames may be lost on their way. */
const HANDED_MIN = 8
/** Frames with preparations; an honest coordinator sends us four of one, and most come once. */
const PREPARES_MAX = 64

/**
 * The only transition that we may follow: the last that we said to be ready for. Whoever counted on our word for it may have executed it,
 * however long ago; whoever counted on an earlier one can have been left behind.
 */
export function lastPromise<Change>({ promises }: LiveState<Change>): Promised | undefined {
  return promises.at(-1)
}

/** The promise that this preparation led to. */
export function promiseOf<Change>(state: LiveState<Change>, { message, senderId }: Arrived): Promised | undefined {
  const commitHash = state.group.hash(message.args)
  const preparation = { transitionId: message.transitionId, coordinatorId: senderId, commitHash }
  return state.promises.find((one) => isSamePreparation(one, preparation))
}

/** Keeps a transition that we are ready for. Whoever prepares another in the same epoch has not executed the one before. */
export function promise<Change>(state: LiveState<Change>, arrived: Arrived, staged: MemberChanges): Promised {
  const { message, senderId } = arrived
  const promised: Promised = {
    transitionId: message.transitionId,
    coordinatorId: senderId,
    commitHash: state.group.hash(message.args),
    prepare: arrived,
    members: membersAfter(state, staged),
    readies: new Map(),
    execute: undefined,
    executedAtMs: Number.NEGATIVE_INFINITY,
    notice: undefined,
    handedInVain: 0,
    contradictedBy: new Set(),
  }
  voidPromises(state, senderId, message.transitionId - 1)
  state.promises.push(promised)
  if (state.promises.length > PROMISES_MAX) state.promises.shift()
  return promised
}

/** Remembers what is in a frame that opened, followed or refused: it does not open a second time. */
export function keepPrepare<Change>(state: LiveState<Change>, { message, senderId, frame }: Arrived): void {
  const { group } = state
  const [frameHash, commitHash] = [group.hash(frame), group.hash(message.args)]
  if (state.prepares.some((known) => equalBytes(known.frameHash, frameHash))) return
  if (state.prepares.length === PREPARES_MAX) state.prepares.shift()
  state.prepares.push({ frameHash, transitionId: message.transitionId, coordinatorId: senderId, commitHash })
}

/** The promise that the preparation in a frame led to, which opened before. */
export function promiseIn<Change>(
  { group, prepares, promises }: LiveState<Change>,
  frame: Uint8Array,
): Promised | undefined {
  const frameHash = group.hash(frame)
  const known = prepares.find((one) => equalBytes(one.frameHash, frameHash))
  return known && promises.find((one) => isSamePreparation(one, known))
}

/** True if both are one commit of one coordinator. */
export function isSamePreparation(one: Preparation, other: Preparation): boolean {
  const isNamed = one.transitionId === other.transitionId && one.coordinatorId === other.coordinatorId
  return isNamed && equalBytes(one.commitHash, other.commitHash)
}

/** A coordinator gave up what it prepared under these numbers, so nobody has executed it and nobody will. */
export function voidPromises<Change>(state: LiveState<Change>, coordinatorId: number, upTo: number): void {
  state.promises = state.promises.filter((one) => one.coordinatorId !== coordinatorId || one.transitionId > upTo)
}

/**
 * Somebody speaks in the epoch of what we look at. If they would have had to be ready for something that we are bound to since, and nobody
 * heard them say so, that was not executed and never will be: they have gone another way. A newcomer of that epoch has gone nowhere yet.
 */
export function hearWitness<Change>(state: LiveState<Change>, { senderId, epoch, frame }: Arrived): void {
  const { pending, group, aborts } = state
  if (pending.at !== "ready" || epoch !== group.epoch + 1n || pending.staged.joined.includes(senderId)) return
  const later = new Set(state.promises.slice(state.promises.indexOf(pending.promised) + 1))
  const isOver = ({ coordinatorId, members, readies }: Promised): boolean => {
    return coordinatorId === senderId || (members.includes(senderId) && !readies.has(senderId))
  }
  const over = state.promises.filter((one) => later.has(one) && isOver(one))
  // What was given up does not come back.
  for (const { coordinatorId, transitionId } of over) {
    if (transitionId > (aborts.get(coordinatorId)?.transitionId ?? 0))
      aborts.set(coordinatorId, { transitionId, frame })
  }
  state.promises = state.promises.filter((one) => !over.includes(one))
}

/**
 * True once what we are ready for was executed and somebody's word for it cannot be had: others followed, handed us all they have more than
 * once, and it does not open. Its author may have sealed two texts with one key, of which we opened the other.
 */
export function isWordLost<Change>(state: LiveState<Change>, nowMs: number): boolean {
  const { pending } = state
  if (pending.at !== "ready" || pending.promised.execute === undefined || isExecuting(state, nowMs)) return false
  const { promised } = pending
  return promised === lastPromise(state) && promised.handedInVain >= Math.max(HANDED_MIN, 2 * promised.members.length)
}

/**
 * True while we know that what we are ready for was executed, and collect everybody's word for it: nothing else may come between. A
 * coordinator that executes what not everybody is ready for gets no more than this time from us.
 */
export function isExecuting<Change>(state: LiveState<Change>, nowMs: number): boolean {
  const { pending, limits } = state
  if (pending.at !== "ready" || pending.promised.execute === undefined) return false
  if (pending.promised !== lastPromise(state)) return false
  return nowMs - pending.promised.executedAtMs < EXECUTIONS_LATE * limits.executeMs
}

/** Who is in the group once a commit is in effect. */
export function membersAfter<Change>({ group }: LiveState<Change>, { joined, left }: MemberChanges): number[] {
  return [...group.memberIds.filter((id) => !left.includes(id)), ...joined]
}

/** Its frames, in the order in which somebody who has none of them can take them in. */
export function framesOf({ prepare, readies, execute, notice }: Promised): Uint8Array[] {
  const last = [notice, execute?.frame].filter((frame) => frame !== undefined)
  return [prepare.frame, ...readies.values(), ...last]
}
