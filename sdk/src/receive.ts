import {
  changesSuite,
  joinMember,
  isOfMissingSuite,
  keyPackageBundleFromBytes,
  receiveEnvelope,
  rejoinDifference,
} from "@qpc/group"
import type { Envelope, JoinRejection, KeyPackageBundle, Member, Step } from "@qpc/group"
import { DecodeError, equalBytes } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { FULL_DISK_RETRY_MS, isDiskFull } from "./client-error.ts"
import type { Context } from "./context.ts"
import { corruptRecord } from "./corrupt-record.ts"
import { gapOfDeleted, judgeDamaged, refuseInvitation } from "./damaged-groups.ts"
import { continues, isOut, mayBeInvitedAnew, wasIn } from "./invited-anew.ts"
import { opens } from "./last-resorts.ts"
import { isForAnotherProgram } from "./invited-for-later.ts"
import { leaveGapBehind, passGap } from "./missing-history.ts"
import type { NoticeReason } from "./model.ts"
import { takeRejoin } from "./rejoin.ts"
import { replayEcho } from "./replay-echo.ts"
import { forgetRejoin, withdrawRejoin } from "./rejoin-state.ts"
import { OWN_STEP, recordEvent, recordMissed, recordReplaced, recordStep } from "./record-step.ts"
import { Transaction } from "./transaction.ts"

/** The last number that an inbox has (uint64). */
const LAST_SEQ = 2n ** 64n - 1n

/** One envelope of our inbox. */
export interface InboxEnvelope {
  /** Its number in our inbox; each is taken in once. */
  readonly seq: bigint
  readonly bytes: Uint8Array
}

/**
 * The way up: opens one envelope and writes down what it means, together with the cursor, in one transaction. Only when
 * this resolves may the server be told to forget it.
 *
 * Whatever bytes arrive, the inbox moves on: what cannot be opened becomes a notice.
 *
 * @throws ClientError `store_…`: then nothing happened and the envelope is still the server's to keep
 */
export function receive(context: Context, inbox: InboxEnvelope): Promise<void> {
  return context.turn.takeAlways(async () => {
    if (inbox.seq <= context.cursor.seq) return
    const { tracer } = context
    const { length } = inbox.bytes
    tracer.begin()
    tracer.line({ layer: "sdk", direction: "up", bytesIn: length, bytesOut: length })
    const joined = await Transaction.run(context, "up", async (tx) => {
      tx.moveCursor(inbox.seq)
      return open(context, tx, inbox)
    })
    if (joined !== undefined) await replayParked(context, joined)
  })
}

/** Returns the group that this envelope let us into. */
async function open(context: Context, tx: Transaction, inbox: InboxEnvelope): Promise<GroupId | undefined> {
  const received = receiveEnvelope(inbox.bytes)
  const origin = { seq: inbox.seq, sizeBytes: inbox.bytes.length }
  if (received.kind === "drop") {
    tx.notice({ ...origin, reason: "malformed_envelope" satisfies NoticeReason })
    return undefined
  }
  const { envelope } = received
  const member = context.groups.find(envelope.groupId)
  const isWelcome = envelope.kind === "welcome"
  const damaged = judgeDamaged(context, envelope)
  if (damaged === "keep") await park(context, tx, inbox, envelope)
  if (damaged === "refused") refuseInvitation(tx, envelope, origin)
  if (damaged === "keep" || damaged === "refused") return undefined
  const rejoin = await takeRejoin(context, tx, envelope, inbox.bytes, origin)
  if (rejoin === "keep") await park(context, tx, inbox, envelope)
  if (rejoin !== "unrelated") return rejoin === "joined" ? (envelope.groupId.slice() as GroupId) : undefined
  if (damaged === "taken") return undefined
  if (isWelcome && mayBeLetIn(context, envelope.groupId, member)) {
    if (member?.isActive === true || !(await isForAnotherProgram(context, envelope))) {
      return join(context, tx, { ...inbox, groupId: envelope.groupId }, member)
    }
    if (!(await park(context, tx, inbox, envelope))) return undefined
    const reason = "invited_suite_missing" satisfies NoticeReason
    tx.notice({ ...origin, groupId: envelope.groupId.slice() as GroupId, reason })
    return undefined
  }
  // Nothing of a later epoch can be read any more, which was told when that was found.
  const isBeyond = member?.isActive === true && envelope.epoch > member.epoch
  if (!isWelcome && isBeyond && context.missing.isStuck(envelope.groupId)) return undefined
  if (isWelcome)
    tx.notice({ ...origin, groupId: envelope.groupId.slice() as GroupId, reason: "welcome_for_known_group" })
  else if (member === undefined || awaitsProgram(context, member)) await park(context, tx, inbox, envelope)
  else await recordStep(context, tx, member, await receiveBy(context, member, inbox.bytes), origin)
  return undefined
}

/** True unless we are in the group and can follow it. */
function mayBeLetIn(context: Context, groupId: GroupId, member: Member | undefined): boolean {
  return member?.isActive !== true || mayBeInvitedAnew(context, groupId)
}

/** True for a group that we were out of, and that we are in again by an invitation which this program cannot open. */
function awaitsProgram({ parked }: Context, member: Member): boolean {
  return isOut(member) && parked.has(member.groupId)
}

/** @param earlier - who we were in the group of the envelope's label, if we have been in it */
async function join(
  context: Context,
  tx: Transaction,
  inbox: Waiting,
  earlier: Member | undefined,
): Promise<GroupId | undefined> {
  const { groups, self, suite, clock, profile } = context
  const origin = { seq: inbox.seq, sizeBytes: inbox.bytes.length }
  const bundles = await storedBundles(context, inbox.groupId)
  try {
    const nowMs = clock.unixMs()
    const surroundings = groups.surroundings(self.keys)
    const serverProof = earlier?.serverProof
    const about = { suite, envelope: inbox.bytes, bundles, nowMs, ...(serverProof && { serverProof }) }
    const joined = joinMember({ ...surroundings, ...about })
    if (joined.kind === "rejected") {
      tx.notice({ ...origin, reason: welcomeNotice(joined.reason) })
      return undefined
    }
    const { member, usedKeyPackageRef, isLastResort, events } = joined
    if (earlier !== undefined && !continues(context, earlier, joined)) {
      tx.notice({ ...origin, groupId: earlier.groupId, reason: "welcome_replaces_group" satisfies NoticeReason })
      member[Symbol.dispose]()
      return undefined
    }
    const { groupId } = member
    const forgotten = await gapOfDeleted(context, groupId)
    if (forgotten !== undefined || (earlier !== undefined && isOut(earlier) && !wasIn(earlier, joined.by))) {
      const reason = "welcome_by_stranger" satisfies NoticeReason
      tx.notice({ ...origin, groupId, reason, person: joined.by })
    }
    // RFC 9420 §16.8: a key package that was used once is never used again, but for one that others may have got as well.
    if (!isLastResort) tx.change(profile.forgetKeyPackage(usedKeyPackageRef))
    tx.touch(member)
    tx.afterwards(() => groups.adopt(member))
    const missed = earlier !== undefined && !isOut(earlier) ? rejoinDifference(member, earlier) : undefined
    if (earlier?.isActive === true) await recordReplaced(context, tx, earlier)
    await withdrawRejoin(context, tx, groupId)
    forgetRejoin(context, tx, groupId)
    for (const event of events) await recordEvent(context, tx, member, event, origin)
    if (missed !== undefined) recordMissed(context, tx, groupId, { ...missed, epoch: member.epoch, by: joined.by })
    // After the events: the first epoch that we are in again does not close the gap before it.
    passGap(context, tx, groupId, member.epoch)
    if (forgotten !== undefined) leaveGapBehind(context, tx, groupId, { ...forgotten, toEpoch: member.epoch })
    return groupId
  } finally {
    for (const bundle of bundles) bundle[Symbol.dispose]()
  }
}

/** Hands an envelope to its member, with our key packages if it leads into another cipher suite. */
export function receiveBy(context: Context, member: Member, envelope: Uint8Array): Promise<Step> {
  const nowMs = context.clock.unixMs()
  return withKeyPackages(context, member, [envelope], (options) => member.receive(envelope, nowMs, options))
}

/** What a member needs for envelopes that it may take in, one after the other. The key packages are zeroed afterwards. */
export async function withKeyPackages(
  context: Context,
  member: Member,
  envelopes: readonly Uint8Array[],
  step: (options: { readonly keyPackages?: readonly KeyPackageBundle[] }) => Step,
): Promise<Step> {
  const { isActive, epoch: from } = member
  const isDue = (epoch: bigint): boolean => isActive && epoch >= from && epoch < from + BigInt(envelopes.length)
  if (!envelopes.some((envelope) => changesSuite(envelope, isDue))) return step({})
  const keyPackages = await storedBundles(context)
  try {
    return step({ keyPackages })
  } finally {
    for (const bundle of keyPackages) bundle[Symbol.dispose]()
  }
}

/**
 * Our key packages. Those of a suite that this program lacks stay in the store.
 *
 * @param invitedTo - The group of an invitation: what is refused for it is left out. A change of cipher suite needs no such care, as it brings
 *   no keys of before back: those of the next group come from the present group's, too (RFC 9420 §8.6, §11.2).
 * @throws ClientError `store_corrupt`
 */
async function storedBundles({ profile, suites }: Context, invitedTo?: GroupId): Promise<KeyPackageBundle[]> {
  const bundles: KeyPackageBundle[] = []
  for await (const { bundle, refusedFor } of profile.keyPackages()) {
    const isRefused = invitedTo !== undefined && !opens({ refusedFor }, invitedTo)
    if (isRefused || isOfMissingSuite(suites, bundle)) continue
    try {
      bundles.push(keyPackageBundleFromBytes(suites, bundle))
    } catch (error) {
      if (error instanceof DecodeError) throw corruptRecord("key package", error)
      throw error
    }
  }
  return bundles
}

function welcomeNotice(reason: JoinRejection): NoticeReason {
  return reason === "no_matching_key_package" ? "welcome_without_key_package" : "welcome_refused"
}

/**
 * Keeps an envelope whose group we do not know yet: its Welcome may be behind it. A server that lost its memory of our inbox numbers what
 * comes anew: that stands behind what waits already, as it came later, and takes the place of none.
 *
 * @returns true if it waits from now on; false if it did before, or if there is no room for it, which is told
 */
async function park(context: Context, tx: Transaction, inbox: InboxEnvelope, envelope: Envelope): Promise<boolean> {
  const { parked, profile, clock } = context
  const groupId = envelope.groupId.slice() as GroupId
  const { seq, bytes } = inbox
  const known = await profile.parkedAt(groupId, seq)
  if (known !== undefined && equalBytes(known.envelope, bytes)) return false
  const last = await profile.lastParkedSeq(groupId)
  const at = last !== undefined && last >= seq ? last + 1n : seq
  if (at > LAST_SEQ || !parked.hasRoom(groupId, bytes.length)) {
    tx.notice({ seq, sizeBytes: bytes.length, groupId, reason: "parking_full" satisfies NoticeReason })
    return false
  }
  tx.change(profile.putParked({ groupId, seq: at, storedAtMs: clock.unixMs(), envelope: bytes }))
  tx.afterwards(() => parked.add(groupId, bytes.length))
  return true
}

/**
 * Opens what had arrived before its group did, oldest first, each in a transaction of its own: a process that is killed in
 * between goes on where it stopped. Call it inside the turn.
 *
 * What waits for the end of our way back into a group stays: the member that we were could not read it, and it would be gone. So does all
 * that waits for another program, unless we are in the group without it: a Welcome is not authenticated, and nobody can hold back with a forged
 * one what waits behind it.
 */
export async function replayParked(context: Context, groupId: GroupId): Promise<void> {
  const { groups, profile, parked, rejoining } = context
  await replayEcho(context, groupId)
  const stage = rejoining.find(groupId)?.stage.at
  if ((stage !== undefined && stage !== "stopped") || groups.damage(groupId) !== undefined) return
  for await (const { seq, envelope } of profile.parked(groupId)) {
    const invitation = invitationIn(envelope)
    const isIn = groups.find(groupId)?.isActive === true
    if (invitation !== undefined && !isIn && (await isForAnotherProgram(context, invitation))) return
    // What is older than the invitation is opened when we are in by it.
    if (invitation === undefined && groups.find(groupId) === undefined) continue
    const joined = await Transaction.run(context, "up", async (tx) => {
      tx.change(profile.forgetParked(groupId, seq))
      tx.afterwards(() => parked.drop(groupId, envelope.length))
      const inbox = { groupId, seq, bytes: envelope }
      return invitation === undefined ? replayToMember(context, tx, inbox) : replayInvitation(context, tx, inbox)
    })
    if (joined !== undefined) return replayParked(context, groupId)
  }
}

type Waiting = InboxEnvelope & { readonly groupId: GroupId }

function invitationIn(bytes: Uint8Array): Envelope | undefined {
  const received = receiveEnvelope(bytes)
  return received.kind === "envelope" && received.envelope.kind === "welcome" ? received.envelope : undefined
}

async function replayToMember(context: Context, tx: Transaction, { groupId, seq, bytes }: Waiting): Promise<undefined> {
  const member = context.groups.find(groupId)
  if (member === undefined) throw new Error("unreachable: without a member it waits on")
  await recordStep(context, tx, member, await receiveBy(context, member, bytes), { seq, sizeBytes: bytes.length })
}

/** Returns the group that it let us into. */
async function replayInvitation(context: Context, tx: Transaction, inbox: Waiting): Promise<GroupId | undefined> {
  const { groupId, seq, bytes } = inbox
  const member = context.groups.find(groupId)
  if (mayBeLetIn(context, groupId, member)) return join(context, tx, inbox, member)
  const reason = "welcome_for_known_group" satisfies NoticeReason
  tx.notice({ seq, sizeBytes: bytes.length, groupId, reason })
  return undefined
}

/**
 * Opens what waited for a group that we are in by now, because the disk was full when we entered it, or that we come into because
 * this program can open what the one before could not; and gives up what waited too long. Call it inside the turn.
 */
export async function settleParked(context: Context): Promise<void> {
  for (const groupId of context.parked.groups()) await replayParked(context, groupId)
  await expireParked(context)
}

async function expireParked(context: Context): Promise<void> {
  const { profile, clock, limits, parked } = context
  const nowMs = clock.unixMs()
  for await (const { groupId, seq, storedAtMs, envelope } of profile.parked()) {
    if (storedAtMs <= nowMs && nowMs - storedAtMs < limits.parkedMs) continue
    await Transaction.run(context, "up", async (tx) => {
      // Stored by a clock that was ahead: it waits from now on, or it would for as long as that.
      if (storedAtMs > nowMs) return tx.change(profile.putParked({ groupId, seq, storedAtMs: nowMs, envelope }))
      tx.change(profile.forgetParked(groupId, seq))
      tx.notice({ seq, sizeBytes: envelope.length, groupId, reason: "parking_expired" satisfies NoticeReason })
      tx.afterwards(() => parked.drop(groupId, envelope.length))
    })
  }
}

/**
 * Does what is due in one group, if anything is.
 *
 * @throws ClientError `store_…`; after `store_full` it tries again by itself
 */
export function tick(context: Context, groupId: GroupId): Promise<void> {
  const { turn, groups, clock, wakes } = context
  return turn.takeAlways(async () => {
    const member = groups.find(groupId)
    if (member === undefined) return
    const step = member.tick(clock.unixMs())
    try {
      await Transaction.run(context, "up", (tx) => recordStep(context, tx, member, step, OWN_STEP))
    } catch (error) {
      // The timer that led here is gone, and nothing was written that could set another.
      if (isDiskFull(error)) wakes.schedule(groupId, clock.unixMs() + FULL_DISK_RETRY_MS)
      throw error
    }
  })
}
