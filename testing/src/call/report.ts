import type { FrameDropReason } from "@qpc/gap"
import type { BadRelay } from "./bad-relay.ts"
import type { Caller } from "./caller.ts"
import type { Rekeys } from "./rekeys.ts"
import type { Said } from "./said.ts"

/** What everybody may set. */
export interface CallOptions {
  readonly people: number
  readonly seconds: number
  readonly lossPercent: number
  /** Of each direction, in a hundred packets: another epoch written on a frame, or a frame of before sent again. */
  readonly mischiefPercent: number
  /** Time between two changes of the epoch; 0 for none. */
  readonly rekeyMs: number
  /** How long after a change frames are sealed under the old keys. */
  readonly sealAfterMs: number
  readonly seed: bigint
}

/** How a call went. All times in milliseconds. */
export interface CallReport {
  readonly people: number
  readonly seconds: number
  readonly lossPercent: number
  readonly seed: string
  /** Changes of the epoch, those put off because somebody was behind, and the epoch that each is in at the end. */
  readonly rekeys: number
  readonly postponed: number
  readonly epochs: readonly string[]
  /** From a commit to another member's following it. */
  readonly meanFollowMs: number
  readonly maxFollowMs: number
  readonly framesSent: number
  readonly packetsLost: number
  readonly relabelled: number
  readonly replayed: number
  /** Turns of all loudspeakers, and those in which a frame was played. */
  readonly turns: number
  readonly played: number
  /** The longest time that anybody did not hear somebody: at all, and for each change what overlaps the half second behind it. */
  readonly longestGapMs: number
  readonly meanGapAtRekeyMs: number
  readonly longestGapAtRekeyMs: number
  /** Frames that were played and are not what their sender said in their epoch: none, or something is broken. */
  readonly playedUntrue: readonly string[]
  readonly dropped: Readonly<Partial<Record<FrameDropReason, number>>>
}

const AFTER_REKEY_MS = 500

/** Everything that took part in a call. */
interface CallParts {
  readonly options: CallOptions
  readonly callers: readonly Caller[]
  readonly relay: BadRelay
  readonly rekeys: Rekeys
  readonly said: Said
  readonly endMs: number
}

export function reportOf({ options, callers, relay, rekeys, said, endMs }: CallParts): CallReport {
  const meters = callers.flatMap((caller) => [...caller.meters.values()])
  for (const meter of meters) meter.end(endMs)
  const longestIn = (fromMs: number, toMs: number) => Math.max(...meters.map((meter) => meter.longestIn(fromMs, toMs)))
  const atRekeys = rekeys.done.map(({ atMs }) => longestIn(atMs, atMs + AFTER_REKEY_MS))
  const { people, seconds, lossPercent, seed } = options
  return {
    people,
    seconds,
    lossPercent,
    seed: String(seed),
    rekeys: rekeys.done.length,
    postponed: rekeys.postponed,
    epochs: callers.map(({ epoch }) => String(epoch)),
    meanFollowMs: meanOf(rekeys.followMs),
    maxFollowMs: Math.round(Math.max(0, ...rekeys.followMs)),
    framesSent: sumOf(callers.map(({ sent }) => sent)),
    packetsLost: relay.lost,
    relabelled: relay.relabelled,
    replayed: relay.replayed,
    turns: sumOf(meters.map(({ turns }) => turns)),
    played: sumOf(meters.map(({ played }) => played)),
    longestGapMs: Math.round(longestIn(0, endMs)),
    meanGapAtRekeyMs: meanOf(atRekeys),
    longestGapAtRekeyMs: Math.round(Math.max(0, ...atRekeys)),
    playedUntrue: said.untrue,
    dropped: droppedBy(callers),
  }
}

function droppedBy(callers: readonly Caller[]): Partial<Record<FrameDropReason, number>> {
  const total: Partial<Record<FrameDropReason, number>> = {}
  for (const { dropped } of callers) {
    for (const [reason, count] of dropped) total[reason] = (total[reason] ?? 0) + count
  }
  return total
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.round(sumOf(values) / values.length)
}
