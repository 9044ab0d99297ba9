import type { Member, Outgoing } from "@qpc/group"
import { equalBytes, toHex, toIdentityKey } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import type { Context } from "./context.ts"
import type { NoticeReason } from "./model.ts"
import type { OutboxRecord } from "./records.ts"
import type { Transaction } from "./transaction.ts"

/** A row of the outbox and its place. */
export interface PlacedRow {
  readonly position: number
  readonly row: OutboxRecord
}

/**
 * Keeps a message for those whose inboxes are full, and tells once who they are. They are given up after a while, or if too
 * many wait: an inbox that nobody empties must not fill this disk as well.
 */
export function waitForRoom(
  context: Context,
  tx: Transaction,
  { position, row }: PlacedRow,
  left: { readonly isTooOld: boolean; readonly missing: readonly DeviceKey[]; readonly hasReached: boolean },
): boolean {
  const { outbox, limits, clock } = context
  const { outgoing, held } = row
  const { missing, hasReached } = left
  const nowMs = clock.unixMs()
  // Our clock may have been ahead when it began, and it must not wait for as long as that.
  const sinceMs = Math.min(held?.sinceMs ?? nowMs, nowMs)
  const isTooLong = held !== undefined && nowMs - sinceMs >= limits.fullInboxMs
  const isGivenUp = left.isTooOld || isTooLong || (held === undefined && outbox.heldCount >= limits.heldRows)
  if (isGivenUp) {
    tellGivenUp(context, tx, outgoing, missing)
    return false
  }
  if (held === undefined && !outbox.isHolding(outgoing.groupId))
    tell(context, tx, { outgoing, missing, reason: "inbox_full" })
  const isAsHeld = held?.sinceMs === sinceMs && held.missing.length === missing.length && held.hasReached === hasReached
  if (!isAsHeld) tx.hold(position, row, { sinceMs, hasReached, missing })
  return true
}

/** Tells who will not get a message. */
export function tellGivenUp(
  context: Context,
  tx: Transaction,
  outgoing: Outgoing,
  missing: readonly DeviceKey[],
): void {
  tell(context, tx, { outgoing, missing, reason: "inbox_full_given_up" })
}

function tell(
  { groups }: Context,
  tx: Transaction,
  what: { readonly outgoing: Outgoing; readonly missing: readonly DeviceKey[]; readonly reason: NoticeReason },
): void {
  const { outgoing, missing, reason } = what
  const { groupId } = outgoing
  // A group that cannot be read any more names nobody; other groups with the same device may.
  const known = [groups.find(groupId), ...groups.all()]
  const people = new Map(missing.map((device) => ownerOf(known, device)).map((key) => [toHex(key), key]))
  for (const person of people.values())
    tx.notice({ seq: 0n, sizeBytes: messageBytes(outgoing), groupId, person, reason })
}

/** Whose device it is, by the first group that has it. Of a device that is in none of them its key is all that is known. */
function ownerOf(known: readonly (Member | undefined)[], device: DeviceKey): IdentityKey {
  for (const member of known) {
    const people = member?.members() ?? []
    const owner = people.find(({ devices }) => devices.some(({ deviceKey }) => equalBytes(deviceKey, device)))
    if (owner !== undefined) return owner.identityKey
  }
  return toIdentityKey(device)
}

/** The envelopes of a message together. */
export function messageBytes({ deliveries }: Outgoing): number {
  return deliveries.reduce((bytes, { envelope }) => bytes + envelope.length, 0)
}
