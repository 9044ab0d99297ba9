import type { Envelope } from "@qpc/group"
import { equalBytes, toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { Context } from "./context.ts"
import { damagedGroupSettings, damagedParked } from "./damaged-rows.ts"
import { damagedGroupError, isForLater } from "./group-damage.ts"
import type { GroupDamage } from "./group-damage.ts"
import { refuseLastResortsFor } from "./last-resorts.ts"
import { bridgeGap, giveUpHeld } from "./missing-history.ts"
import type { Failure, MissingHistory, NoticeReason } from "./model.ts"
import type { RejoinRecord } from "./rejoin-record.ts"
import { entersForLater, forgetRejoin, isRejoin, putRejoin, withdrawRejoin } from "./rejoin-state.ts"
import { remove } from "./store.ts"
import { Transaction } from "./transaction.ts"

/** Why the way back into a damaged group does not begin by itself: a person decides. */
const DAMAGED = "group_damaged"

/** When a group was lost of which nobody can tell since when. */
export const SINCE_UNKNOWN = 0

/** What becomes of what a damaged group still wanted. */
export const IN_VAIN: Failure = {
  code: DAMAGED,
  nextStep: "When this device is in the group again: look at it, and do it again if it is still wanted.",
}

/** Why a group cannot be used; `undefined` if it can, or if there is no such group. */
export function damageOfGroup(context: Context, groupId: GroupId): GroupDamage | undefined {
  const { groups, rejoining } = context
  const damage = groups.damage(groupId)
  if (damage !== undefined || groups.find(groupId) !== undefined) return damage
  if (entersForLater(context, groupId)) return "suite_unsupported"
  return rejoining.find(groupId)?.cause === DAMAGED ? "keys_deleted" : undefined
}

/** All groups that cannot be used. */
export function allDamaged(context: Context): readonly { readonly groupId: GroupId; readonly damage: GroupDamage }[] {
  const { groups, rejoining } = context
  const lost = rejoining.all().flatMap(({ groupId }) => {
    const damage = groups.damage(groupId) === undefined ? damageOfGroup(context, groupId) : undefined
    return damage === undefined ? [] : [{ groupId, damage }]
  })
  return [...groups.damaged(), ...lost]
}

/**
 * Finds what else is damaged beside members: settings of groups, and what was found before and no person has decided about. Call it when
 * members and lost groups are loaded, and before anything is done with them.
 */
export async function findMoreDamage({ store, groups, rejoining, outbox }: Context): Promise<void> {
  for await (const { groupId } of damagedGroupSettings(store)) groups.noteDamage(groupId, "record_damaged")
  for (const { groupId, record } of rejoining.all())
    if (isUndecided(record)) groups.noteDamage(groupId, "record_damaged")
  for (const { groupId, damage } of groups.damaged()) {
    // What a later program can read goes out then: it has to hear what becomes of it.
    if (isForLater(damage)) for (const position of outbox.rows(groupId)) outbox.drop(groupId, position)
  }
}

const isUndecided = ({ cause, stage }: RejoinRecord): boolean =>
  cause === DAMAGED && stage.at === "stopped" && stage.reason === DAMAGED

/** Writes down, once, which groups are damaged, and gives up what cannot be read and needs no person. Call it inside the turn. */
export async function recordDamage(context: Context): Promise<void> {
  for await (const row of damagedParked(context.store)) {
    await Transaction.run(context, "up", async (tx) => {
      tx.change(remove(row.collection, row.key))
      tx.notice({ seq: 0n, sizeBytes: 0, groupId: row.groupId, reason: "parking_damaged" satisfies NoticeReason })
    })
  }
  for (const { groupId, damage } of context.groups.damaged()) {
    if (damage === "record_damaged") await recordDamaged(context, groupId)
  }
  for (const { groupId, record } of context.rejoining.all()) {
    if (isForgotten(record)) await Transaction.run(context, "up", (tx) => endWishes(context, tx, groupId))
  }
}

/** True if its keys were deleted while the profile did not open (`forgetDamaged`), and nobody was asked since. */
const isForgotten = ({ cause, sinceMs, attempt, stage }: RejoinRecord): boolean =>
  cause === DAMAGED && sinceMs === SINCE_UNKNOWN && attempt === 0 && stage.at === "due"

async function recordDamaged(context: Context, groupId: GroupId): Promise<void> {
  const known = context.rejoining.find(groupId)
  // Whether a commit that is under way leads us in, the server decides: it was made while the group could be read.
  if (known?.cause === DAMAGED || known?.stage.at === "committed") return
  const nowMs = context.clock.unixMs()
  await Transaction.run(context, "up", async (tx) => {
    await endWishes(context, tx, groupId)
    const stage = { at: "stopped", reason: DAMAGED } as const
    putRejoin(context, tx, groupId, {
      cause: DAMAGED,
      isInsisted: false,
      sinceMs: nowMs,
      attempt: 0,
      stage,
      nextAtMs: nowMs,
    })
    tx.notice({ seq: 0n, sizeBytes: 0, groupId, reason: DAMAGED satisfies NoticeReason })
  })
}

/**
 * What the member wanted, it cannot see through any more. Texts that it had sealed go out, and those who get them can read them; for room in
 * somebody's inbox they do not wait, since nobody can tell how far the group has gone meanwhile.
 */
async function endWishes(context: Context, tx: Transaction, groupId: GroupId): Promise<void> {
  const { outbox, profile } = context
  await giveUpHeld(context, tx, groupId, IN_VAIN)
  const texts = new Set<string>()
  for (const position of outbox.rows(groupId)) {
    const row = await profile.outboxRow(position)
    if (row?.sentId !== undefined) texts.add(toHex(row.sentId))
    else if (row !== undefined && !isRejoin(context, groupId, row.outgoing.messageId)) tx.dequeue(groupId, position)
  }
  for await (const id of profile.unsent(groupId)) {
    if (!texts.has(toHex(id))) tx.sent(groupId, id, "failed", IN_VAIN)
  }
}

/**
 * A person gives up what is damaged of a group. If that was all beside its keys, the group goes on; else its keys are deleted, no last-resort
 * key package of ours opens it again, and the members are asked to let this device in again.
 *
 * @throws ClientError `group_unsupported` for what another program can read
 */
export function giveUpDamaged(context: Context, groupId: GroupId): Promise<void> {
  return context.turn.take(async () => {
    const { groups, profile, self, store } = context
    const damage = damageOfGroup(context, groupId)
    if (damage === undefined || damage === "keys_deleted") return
    if (damage !== "record_damaged") throw damagedGroupError(groupId, damage)
    const member = groups.wakeRecords(await profile.member(groupId), self.keys)
    await Transaction.run(context, "down", async (tx) => {
      for await (const row of damagedGroupSettings(store)) {
        if (equalBytes(row.groupId, groupId)) tx.change(remove(row.collection, row.key))
      }
      if (member === undefined) return deleteKeys(context, tx, groupId)
      forgetRejoin(context, tx, groupId)
      tx.afterwards(() => groups.adopt(member))
      tx.afterwards(() => context.wakes.schedule(groupId, context.clock.unixMs()))
    })
  })
}

async function deleteKeys(context: Context, tx: Transaction, groupId: GroupId): Promise<void> {
  const { groups, profile, rejoining, clock } = context
  const nowMs = clock.unixMs()
  const sinceMs = rejoining.find(groupId)?.sinceMs ?? nowMs
  // The disk may have been too full for that when the damage was found.
  await endWishes(context, tx, groupId)
  // A commit that leads back in would put a device into the group whose keys are gone.
  await withdrawRejoin(context, tx, groupId)
  tx.change(...(await profile.forgetMember(groupId)), ...(await refuseLastResortsFor(context, [groupId])))
  const stage = { at: "due" } as const
  putRejoin(context, tx, groupId, { cause: DAMAGED, isInsisted: true, sinceMs, attempt: 0, stage, nextAtMs: nowMs })
  tx.afterwards(() => groups.forgetDamage(groupId))
}

/** What becomes of an envelope of a group that cannot be used. */
export type DamagedStep =
  /** It is not one. */
  | "unrelated"
  /** Another program can open it. */
  | "keep"
  /** It is lost, which was told when the damage was found. */
  | "taken"
  /** An invitation, which nobody can hold against what we knew, now or later. */
  | "refused"

/** What to do with an envelope, before anything in it is looked at. */
export function judgeDamaged(context: Context, { groupId, kind }: Envelope): DamagedStep {
  if (entersForLater(context, groupId)) return "keep"
  const damage = damageOfGroup(context, groupId)
  if (damage === undefined) return "unrelated"
  if (isForLater(damage)) return "keep"
  if (kind === "welcome") return damage === "keys_deleted" ? "unrelated" : "refused"
  return "taken"
}

/** Tells of an invitation that was not looked at. */
export function refuseInvitation(
  tx: Transaction,
  { groupId }: Envelope,
  origin: { readonly seq: bigint; readonly sizeBytes: number },
): void {
  const reason = "welcome_for_damaged_group" satisfies NoticeReason
  tx.notice({ ...origin, groupId: groupId.slice() as GroupId, reason })
}

/** What is missing of a group whose damaged keys were deleted, for whoever comes into it; `undefined` for every other group. */
export async function gapOfDeleted(
  context: Context,
  groupId: GroupId,
): Promise<Pick<MissingHistory, "fromEpoch" | "fromMs" | "toMs"> | undefined> {
  const record = context.rejoining.find(groupId)
  if (record === undefined || damageOfGroup(context, groupId) !== "keys_deleted") return undefined
  return bridgeGap(context, { groupId, sinceMs: record.sinceMs, earlier: undefined })
}
