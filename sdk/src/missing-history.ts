import type { Member } from "@qpc/group"
import { toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { Context } from "./context.ts"
import { tellGivenUp } from "./full-inboxes.ts"
import type { Failure, MissingHistory, NoticeReason } from "./model.ts"
import type { Profile } from "./profile.ts"
import { Transaction } from "./transaction.ts"

/** Groups of which a part is missing, because the server no longer had the commits that lead through it. */
export class MissingHistories {
  readonly #byGroup = new Map<string, MissingHistory>()

  async load(profile: Profile): Promise<void> {
    for await (const { groupId, missing } of profile.missingHistories()) this.set(groupId, missing)
  }

  find(groupId: GroupId): MissingHistory | undefined {
    return this.#byGroup.get(toHex(groupId))
  }

  /** True while we are on the near side of what is missing: nothing beyond can be read. */
  isStuck(groupId: GroupId): boolean {
    return this.find(groupId)?.isBehindUs === false
  }

  set(groupId: GroupId, missing: MissingHistory): void {
    this.#byGroup.set(toHex(groupId), missing)
  }

  forget(groupId: GroupId): void {
    this.#byGroup.delete(toHex(groupId))
  }
}

/**
 * Writes down that a group cannot be followed any more, and tells it, once for as far as it is known. A server that lies about
 * it keeps us out as it could anyway; it cannot make us believe anything.
 *
 * @param range - from the epoch that we are in to the first one that may be readable again
 */
export async function recordHistoryGone(
  context: Context,
  groupId: GroupId,
  range: { readonly fromEpoch: bigint; readonly toEpoch: bigint },
): Promise<void> {
  const { turn, missing, profile } = context
  await turn.takeAlways(async () => {
    const known = missing.find(groupId)
    if (known?.isBehindUs === false && known.toEpoch >= range.toEpoch) return
    const now: MissingHistory = { ...range, isBehindUs: false }
    await Transaction.run(context, "up", async (tx) => {
      tx.change(profile.putMissingHistory(groupId, now))
      tx.afterwards(() => missing.set(groupId, now))
      if (known?.isBehindUs === false) return
      await giveUpHeld(context, tx, groupId, AWAY_TOO_LONG)
      tx.notice({ seq: 0n, sizeBytes: 0, groupId, reason: "history_gone" satisfies NoticeReason })
      tx.event({ kind: "history_gone", groupId, ...range })
    })
  })
}

/** What waits for room in others' inboxes was sealed in an epoch that they have left behind, and we cannot tell how far. */
export async function giveUpHeld(context: Context, tx: Transaction, groupId: GroupId, failure: Failure): Promise<void> {
  const { outbox, profile } = context
  for (const position of outbox.rows(groupId)) {
    const row = await profile.outboxRow(position)
    if (row?.held === undefined) continue
    tx.dequeue(groupId, position)
    tellGivenUp(context, tx, row.outgoing, row.held.missing)
    if (row.sentId !== undefined && !row.held.hasReached) tx.sent(groupId, row.sentId, "failed", failure)
  }
}

/** What becomes of a message that nobody has got, and whose sender cannot follow the group any more. */
export const AWAY_TOO_LONG: Failure = {
  code: "history_gone",
  nextStep: "Ask a member to remove you and invite you again, then send it again.",
}

/** The group goes on: the commits were there after all, whichever way they came, and nothing is missing. */
export function closeGap({ missing, profile }: Context, tx: Transaction, groupId: GroupId): void {
  if (!missing.isStuck(groupId)) return
  tx.change(profile.forgetMissingHistory(groupId))
  tx.afterwards(() => missing.forget(groupId))
}

/** The way back into a group that a device had lost. */
interface WayBack {
  readonly groupId: GroupId
  /** When it was found lost, Unix milliseconds. */
  readonly sinceMs: number
  /** Who we were in it; `undefined` where that record is gone. */
  readonly earlier: Member | undefined
}

/**
 * What a device has missed of a group that it is in again: from the epoch that it was in, and from the newest message that it has or,
 * without any, from when it found out.
 */
export async function bridgeGap(
  { missing, profile, clock }: Context,
  { groupId, sinceMs, earlier }: WayBack,
): Promise<Pick<MissingHistory, "fromEpoch" | "fromMs" | "toMs">> {
  const gap = missing.find(groupId)
  const fromEpoch = gap?.isBehindUs === false ? gap.fromEpoch : (earlier?.epoch ?? 0n)
  const [newest] = await profile.messages(groupId, Number.MAX_SAFE_INTEGER, 1)
  return { fromEpoch, fromMs: newest?.record.storedAtMs ?? sinceMs, toMs: clock.unixMs() }
}

/** We are in the group again: what lies between stays missing. Call it after the events of the return, which close gaps. */
export function leaveGapBehind(
  { missing, profile }: Context,
  tx: Transaction,
  groupId: GroupId,
  gap: Omit<MissingHistory, "isBehindUs">,
): void {
  const passed: MissingHistory = { ...gap, isBehindUs: true }
  tx.change(profile.putMissingHistory(groupId, passed))
  tx.afterwards(() => missing.set(groupId, passed))
}

/** We are in the group again, invited anew: what lies between stays missing. */
export function passGap(context: Context, tx: Transaction, groupId: GroupId, epoch: bigint): void {
  const gap = context.missing.find(groupId)
  if (gap?.isBehindUs === false) leaveGapBehind(context, tx, groupId, { ...gap, toEpoch: epoch })
}
