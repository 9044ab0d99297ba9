import { OPCODE_REDELIVERY_ASK } from "@qpc/gbp"
import { equalBytes } from "@qpc/wire"
import { earliest } from "../deadlines.ts"
import type { Draft } from "../draft.ts"
import type { MemberState } from "../member-state.ts"
import { leavesOf } from "../roster.ts"
import type { Leaf } from "../roster.ts"
import type { PlacedGap, Sender } from "./gaps.ts"
import { helperFor } from "./helper.ts"
import { ASKED_TEXTS, encodeAsk } from "./redelivery-message.ts"
import type { OpenAsk } from "./redelivery.ts"
import { sendControl } from "./send-control.ts"
import type { Gap } from "./sender-gaps.ts"
import { tellFound, tellLost } from "./tell.ts"

/**
 * Of the control messages of an epoch, so much goes to asking for one device's texts. Its author decides how many they are, and how often
 * we have to ask.
 */
const DEVICE_SHARE = 1 / 8

/** Does what is due: tells of gaps that did not close by themselves, and asks members one after the other for what is missing. */
export function tickGaps(state: MemberState, nowMs: number, draft: Draft): void {
  if (!state.isActive) return
  const { gaps, keptTexts, keys, limits, redelivery } = state
  keptTexts.forget(keys.oldestEpoch, nowMs, limits)
  redelivery.drop(({ untilMs }) => untilMs <= nowMs)
  for (const placed of gaps.all()) if (placed.gap.dueAtMs <= nowMs) tellFound(state, placed, draft)
  askNext(state, nowMs, draft)
}

/** Shortens what is waited for until a time that is further away than it was ever set; see `bound-waits.ts`. */
export function boundGapWaits({ gaps, limits, redelivery }: MemberState, nowMs: number): void {
  const { gapWaitMs, gapAskMs, gapAnswerMs } = limits
  for (const { sender, gap } of gaps.all()) {
    const latestMs = nowMs + (gap.isTold ? Math.max(gapAskMs, gapAnswerMs) : gapWaitMs)
    if (gap.dueAtMs <= latestMs) continue
    gap.dueAtMs = latestMs
    gaps.touch(sender)
  }
  redelivery.boundWaits(nowMs + gapAskMs, nowMs + Math.max(gapAskMs, gapAnswerMs))
}

/** When {@link tickGaps} has something to do. */
export function gapsAtMs(state: MemberState): number | undefined {
  const { gaps, keptTexts, redelivery, isActive } = state
  if (!isActive) return undefined
  const turnEndsAtMs = Math.max(0, ...redelivery.asks.map(({ dueAtMs }) => dueAtMs))
  // While one member has the turn, no other is asked; what nobody was told of yet is told all the same.
  const timed = gaps.all().filter((placed) => !isForNextEpoch(state, placed))
  const dueAtMs = timed.map(({ gap }) => (gap.isTold ? Math.max(gap.dueAtMs, turnEndsAtMs) : gap.dueAtMs))
  return earliest(keptTexts.expiresAtMs, ...dueAtMs)
}

/** A new epoch: keys of an old one are gone, and maybe a sender. */
export function continueGaps(state: MemberState, nowMs: number, draft: Draft): void {
  const { gaps, group, keptTexts, keys, limits, redelivery } = state
  keptTexts.forget(keys.oldestEpoch, nowMs, limits)
  closeUnreadable(state, draft)
  if (redelivery.hasWaitedFor(keys.epoch, limits.controlsPerEpoch)) {
    for (const { sender, gap } of gaps.all()) {
      if (!gap.isTold) continue
      gap.dueAtMs = Math.min(gap.dueAtMs, nowMs)
      gaps.touch(sender)
    }
  }
  const devices = leavesOf(group)
  gaps.forget(({ device }) => devices.some(({ deviceKey }) => equalBytes(deviceKey, device.deviceKey)))
}

/** The group is over for us: what is missing stays so. */
export function endGaps({ gaps, keptTexts, redelivery }: MemberState, draft: Draft): void {
  redelivery.drop(() => true)
  keptTexts.forgetAll()
  for (const placed of gaps.takeOut(() => true)) tellLost(placed, "not_a_member", draft)
}

/** Asks the next member for the next gap, unless somebody has the turn. */
export function askNext(state: MemberState, nowMs: number, draft: Draft): void {
  const { gaps, redelivery, group, keys, limits } = state
  if (redelivery.current(nowMs) !== undefined) return
  closeUnreadable(state, draft)
  waitForLate(state, nowMs)
  giveUpAsked(state, nowMs, draft)
  const next = nextGap(state, nowMs)
  const helper = next && helperFor(state, next)
  if (next === undefined || helper === undefined) return
  if (!redelivery.maySeal(keys.epoch, limits.controlsPerEpoch)) return waitForEpoch(state, nowMs)
  const { sender, gap } = next
  gap.dueAtMs = nowMs + limits.gapAskMs
  gaps.touch(sender)
  // Nothing may be sealed now (RFC 9420 §12.4); the commit that ends this will not take long.
  if (group.pendingProposalCount > 0) return
  const ask = sendAsk(state, { ...next, helper }, nowMs, draft)
  if (ask === undefined) return
  gap.askCount += 1
  redelivery.add(ask, limits)
  redelivery.noteAsked(ask.device, keys.epoch)
}

/** Nothing more may be asked in this epoch: {@link continueGaps} makes it due again in the next. */
function waitForEpoch({ gaps, limits }: MemberState, nowMs: number): void {
  for (const placed of gaps.all()) {
    if (!isDue(placed, nowMs)) continue
    const { sender, gap } = placed
    gap.dueAtMs = nowMs + Math.max(limits.gapAskMs, limits.gapAnswerMs)
    gaps.touch(sender)
  }
}

/**
 * The gap that has waited longest, of the sender for whose texts fewest were asked in this epoch: who opens many gaps, or hands out text
 * by text, has others' asked for in between.
 */
function nextGap(state: MemberState, nowMs: number): PlacedGap | undefined {
  const due = state.gaps.all().filter((one) => isDue(one, nowMs) && !hasHadShare(state, one.sender))
  const ranked = due.map((placed) => ({ placed, asked: askCountOf(state, placed.sender) }))
  return ranked.toSorted((a, b) => a.asked - b.asked || a.placed.gap.dueAtMs - b.placed.gap.dueAtMs)[0]?.placed
}

/** Asks about one sender's gaps in this epoch. */
const askCountOf = ({ redelivery, keys }: MemberState, { device }: Sender): number =>
  redelivery.askCount(device.deviceKey, keys.epoch)

const hasHadShare = (state: MemberState, sender: Sender): boolean =>
  askCountOf(state, sender) >= state.limits.controlsPerEpoch * DEVICE_SHARE

/** True for what would be asked for, and must not be before there is another epoch. */
const isForNextEpoch = (state: MemberState, placed: PlacedGap): boolean =>
  placed.gap.isTold && hasHadShare(state, placed.sender) && helperFor(state, placed) !== undefined

/**
 * Nobody had what they were asked for. What is behind it was not asked for, so that somebody may still have it: of that no more than the
 * newest `reachableTexts`. Others keep no more, and with a lie about numbers the asking has to come to an end.
 */
function giveUpAsked(state: MemberState, nowMs: number, draft: Draft): void {
  const { gaps, limits } = state
  for (const placed of gaps.all()) {
    if (!isDue(placed, nowMs) || helperFor(state, placed) !== undefined) continue
    const { gap } = placed
    // Where there is nobody to ask there is nothing to wait for.
    const to = gap.askCount === 0 ? gap.to : Math.max(lastAsked(gap), gap.to - limits.reachableTexts)
    tellLost(gaps.giveUpPart(placed, to, nowMs), "nobody_has_it", draft)
  }
  settleAsks(state)
}

/** Everybody in line was asked, and somebody has not answered: they may be offline. */
function waitForLate(state: MemberState, nowMs: number): void {
  const { gaps, redelivery } = state
  for (const placed of gaps.all()) {
    if (!isDue(placed, nowMs) || helperFor(state, placed) !== undefined) continue
    const part = { sender: placed.sender, gap: { ...placed.gap, to: lastAsked(placed.gap) } }
    const open = redelivery.asks.filter((ask) => isAbout(ask, part))
    if (open.length === 0) continue
    placed.gap.dueAtMs = Math.min(...open.map(({ untilMs }) => untilMs))
    gaps.touch(placed.sender)
  }
}

/** @returns undefined if it could not be sent */
function sendAsk(
  state: MemberState,
  { sender, gap, helper }: PlacedGap & { readonly helper: Leaf },
  nowMs: number,
  draft: Draft,
): OpenAsk | undefined {
  const { random, limits } = state
  const drawn = random(4)
  const requestId = new DataView(drawn.buffer, drawn.byteOffset, 4).getUint32(0)
  const { deviceKey: device } = sender.device
  const to = lastAsked(gap)
  const asked = { device, since: sender.texts.since, from: gap.from, to }
  const recipient = helper.deviceKey
  const message = { opcode: OPCODE_REDELIVERY_ASK, requestId, args: encodeAsk(asked), recipient }
  if (!sendControl(state, message, nowMs, draft)) return undefined
  const { firstEpoch, lastEpoch } = gap
  const times = { dueAtMs: gap.dueAtMs, untilMs: nowMs + Math.max(limits.gapAnswerMs, limits.gapAskMs) }
  return { ...asked, requestId, helper: recipient, firstEpoch, lastEpoch, ...times }
}

/** Ends the asks of which nothing is missing any more. */
export function settleAsks({ gaps, redelivery }: MemberState): void {
  if (redelivery.asks.length === 0) return
  const all = gaps.all()
  redelivery.drop((ask) => !all.some((placed) => isAbout(ask, placed)))
}

/** True if a part of the gap is what was asked for. */
export function isAbout(ask: OpenAsk, { sender, gap }: PlacedGap): boolean {
  const isOfSender = equalBytes(ask.device, sender.device.deviceKey) && ask.since === sender.texts.since
  return isOfSender && gap.from <= ask.to && gap.to >= ask.from
}

/** The last number of a gap that one ask names. */
const lastAsked = ({ from, to }: Gap): number => Math.min(to, from + ASKED_TEXTS - 1)

const isDue = ({ gap }: PlacedGap, nowMs: number): boolean => gap.isTold && gap.dueAtMs <= nowMs

function closeUnreadable(state: MemberState, draft: Draft): void {
  const { gaps, keys } = state
  for (const placed of gaps.takeOut(({ gap }) => gap.lastEpoch < keys.oldestEpoch)) {
    tellLost(placed, "keys_gone", draft)
  }
  settleAsks(state)
}
