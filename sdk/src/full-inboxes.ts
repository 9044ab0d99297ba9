import type { Outgoing } from "@qpc/group"
import type { IdentityKey } from "@qpc/wire"
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
  { outbox, limits, clock }: Context,
  tx: Transaction,
  { position, row }: PlacedRow,
  left: { readonly isTooOld: boolean; readonly missing: readonly IdentityKey[]; readonly hasReached: boolean },
): boolean {
  const { outgoing, held } = row
  const { missing, hasReached } = left
  const isTooLong = held !== undefined && clock.unixMs() - held.sinceMs >= limits.fullInboxMs
  const isGivenUp = left.isTooOld || isTooLong || (held === undefined && outbox.heldCount >= limits.heldRows)
  if (isGivenUp) {
    tellGivenUp(tx, outgoing, missing)
    return false
  }
  if (held === undefined && !outbox.isHolding(outgoing.groupId)) tell(tx, outgoing, missing, "inbox_full")
  if (held === undefined || held.missing.length !== missing.length || held.hasReached !== hasReached) {
    tx.hold(position, row, { sinceMs: held?.sinceMs ?? clock.unixMs(), hasReached, missing })
  }
  return true
}

/** Tells who will not get a message. */
export function tellGivenUp(tx: Transaction, outgoing: Outgoing, missing: readonly IdentityKey[]): void {
  tell(tx, outgoing, missing, "inbox_full_given_up")
}

function tell(tx: Transaction, outgoing: Outgoing, people: readonly IdentityKey[], reason: NoticeReason): void {
  const { groupId } = outgoing
  for (const person of people) tx.notice({ seq: 0n, sizeBytes: messageBytes(outgoing), groupId, person, reason })
}

/** The envelopes of a message together. */
export function messageBytes({ deliveries }: Outgoing): number {
  return deliveries.reduce((bytes, { envelope }) => bytes + envelope.length, 0)
}
