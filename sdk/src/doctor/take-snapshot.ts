import type { Member } from "@qpc/group"
import { equalBytes, toHex } from "@qpc/wire"
import type { Context } from "../context.ts"
import { allDamaged } from "../damaged-groups.ts"
import type { RejoinRecord } from "../rejoin-record.ts"
import { entersForLater } from "../rejoin-state.ts"
import { stateOfSent } from "../sent-state.ts"
import type { GroupSnapshot, OutboxSnapshot, ProfileSnapshot, RejoinSnapshot } from "./snapshot.ts"

/** Of each group, so many of the newest messages are looked at. */
const NEWEST_MESSAGES = 50

/** Reads what the profile says by itself. Call it inside the turn. @throws ClientError `store_…` */
export async function takeSnapshot(context: Context): Promise<ProfileSnapshot> {
  const { self, profile, cursor, limits, groups, rejoining, clock } = context
  const snapshots: GroupSnapshot[] = []
  const damaged = unusableGroups(context)
  const unusable = new Set(damaged.map(({ groupId }) => toHex(groupId)))
  for (const member of groups.all()) {
    if (!unusable.has(toHex(member.groupId))) snapshots.push(await groupSnapshot(context, member))
  }
  return {
    isRegistered: self.identity?.isRegistered === true,
    isLoggedIn: (await profile.session()) !== undefined,
    clock: { nowMs: clock.machineMs(), newestStoredMs: await newestStoredMs(context) },
    cursorSeq: cursor.seq,
    keyPackageLow: limits.keyPackageLow,
    keyPackages: await keyPackages(context),
    parked: await parkedEnvelopes(context, unusable),
    groups: snapshots,
    damaged,
    lost: rejoining.all().flatMap(({ groupId, record }) => {
      const isLost = groups.find(groupId) === undefined && !unusable.has(toHex(groupId))
      return isLost ? [{ groupId, rejoin: rejoinOf(record) }] : []
    }),
  }
}

/** Groups that wait for a person or another program. The way back into one may do so while the member that was in before is there. */
function unusableGroups(context: Context): ProfileSnapshot["damaged"] {
  const damaged = allDamaged(context).flatMap(({ groupId, damage }) => {
    return damage === "keys_deleted" ? [] : [{ groupId, damage }]
  })
  const entering = context.groups.all().filter(({ groupId }) => entersForLater(context, groupId))
  return [...damaged, ...entering.map(({ groupId }) => ({ groupId, damage: "suite_unsupported" as const }))]
}

function rejoinOf({ cause, attempt, stage }: RejoinRecord): RejoinSnapshot {
  return { cause, attempt, ...(stage.at === "stopped" && { gaveUp: stage.reason }) }
}

async function groupSnapshot(context: Context, member: Member): Promise<GroupSnapshot> {
  const members = member.members()
  const lost = context.rejoining.find(member.groupId)
  return {
    ...(lost && { rejoin: rejoinOf(lost) }),
    groupId: member.groupId,
    epoch: member.epoch,
    memberCount: members.length,
    deviceCount: members.reduce((count, { devices }) => count + devices.length, 0),
    isClosed: member.settings?.isClosed === true,
    condition: member.condition(),
    outbox: await outboxOf(context, member),
    failedCount: await failedCount(context, member),
  }
}

async function outboxOf({ outbox, profile }: Context, member: Member): Promise<OutboxSnapshot> {
  const { pending } = member.condition()
  let [unsentCount, heldCount] = [0, 0]
  let hasPending = false
  for (const position of outbox.rows(member.groupId)) {
    const row = await profile.outboxRow(position)
    if (row === undefined) continue
    if (row.held === undefined) unsentCount += 1
    else heldCount += 1
    hasPending ||= pending !== undefined && equalBytes(row.outgoing.messageId, pending.messageId)
  }
  return { unsentCount, heldCount, hasPending }
}

async function failedCount({ profile }: Context, { groupId }: Member): Promise<number> {
  let count = 0
  for (const { record } of await profile.messages(groupId, Number.MAX_SAFE_INTEGER, NEWEST_MESSAGES)) {
    if (record.isOwn && stateOfSent(await profile.sent(record.id)).state === "failed") count += 1
  }
  return count
}

/** 0 where nothing was written down. */
async function newestStoredMs({ profile, groups }: Context): Promise<number> {
  const [notice] = await profile.notices(1)
  let newestMs = notice?.record.atMs ?? 0
  for (const { groupId } of groups.all()) {
    const [message] = await profile.messages(groupId, Number.MAX_SAFE_INTEGER, 1)
    newestMs = Math.max(newestMs, message?.record.storedAtMs ?? 0)
  }
  return newestMs
}

async function keyPackages({ profile, clock }: Context): Promise<ProfileSnapshot["keyPackages"]> {
  const nowMs = clock.unixMs()
  let [keptCount, validCount] = [0, 0]
  for await (const { expiresAtMs } of profile.keyPackages()) {
    keptCount += 1
    if (expiresAtMs > nowMs) validCount += 1
  }
  return { keptCount, validCount }
}

/** Those of groups that we are in are opened with the next connection, or by a later program. */
async function parkedEnvelopes(
  { profile, groups }: Context,
  unusable: ReadonlySet<string>,
): Promise<ProfileSnapshot["parked"]> {
  const waiting = new Set<string>()
  let envelopeCount = 0
  for await (const { groupId } of profile.parked()) {
    if (groups.find(groupId) !== undefined || unusable.has(toHex(groupId))) continue
    waiting.add(groupId.join())
    envelopeCount += 1
  }
  return { groupCount: waiting.size, envelopeCount }
}
