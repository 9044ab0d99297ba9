import { askToRejoin } from "@qpc/group"
import type { Member } from "@qpc/group"
import { methods, RpcError } from "@qpc/rpc"
import { equalBytes, toDeviceKey, toHex } from "@qpc/wire"
import type { DeviceKey, GroupId } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import type { ClientErrorCode } from "./client-error.ts"
import type { Context } from "./context.ts"
import { recordDamage } from "./damaged-groups.ts"
import { isForLater } from "./group-damage.ts"
import { asClientError } from "./network-error.ts"
import type { Call } from "./outbox.ts"
import { replayParked } from "./receive.ts"
import { OWN_STEP } from "./record-step.ts"
import { takeEcho } from "./rejoin.ts"
import type { RejoinCause, RejoinStage } from "./rejoin-record.ts"
import { isWaiting, LONGEST_WAIT_MS } from "./rejoining.ts"
import {
  askAgain,
  ECHO_MS,
  entersForLater,
  forgetRejoin,
  lose,
  NOT_A_MEMBER,
  positionOf,
  putRejoin,
  stopRejoin,
} from "./rejoin-state.ts"
import { Transaction } from "./transaction.ts"

/** Whoever is asked in vain is asked again after this, and after twice as long each further time. */
const FIRST_WAIT_MS = 15 * 60_000
/** Where our record of a group is gone, so many of those who wrote in it, or of our contacts, are asked. */
const LIKELY_MEMBERS = 1000

/**
 * Goes on with all groups that this device lost, as far as it is time: asks the members, or looks for our commit. Call it when all that
 * the inbox had is on disk. @throws ClientError
 */
export async function continueRejoins(context: Context, call: Call): Promise<void> {
  const { turn, rejoining, clock, groups } = context
  await turn.takeAlways(() => recordDamage(context))
  await turn.takeAlways(() => noteLost(context))
  for (const { groupId, record } of rejoining.all()) {
    if (record.stage.at === "stopped" || isWaiting(record, clock.unixMs())) continue
    if (entersForLater(context, groupId)) continue
    const damage = groups.damage(groupId)
    // Without what we knew of the group there is nothing to hold an answer against.
    if (damage !== undefined && (isForLater(damage) || record.stage.at !== "committed")) continue
    await unlessRefused(context, groupId, async () => {
      if (record.stage.at === "committed") return lookForEcho(context, call, groupId, record.stage)
      if (await isOutside(context, call, groupId)) return noteOutside(context, groupId)
      return turn.takeAlways(() => Transaction.run(context, "down", (tx) => ask(context, tx, groupId)))
    })
  }
  rejoining.schedule()
}

/** What a server says to one question about one group. */
const REFUSALS: ReadonlySet<ClientErrorCode> = new Set(["server_refused", "server_failed", "rate_limited"])

/** A server that answers nothing about one group must not cost us the connection, and with it all others: that group waits. */
async function unlessRefused(context: Context, groupId: GroupId, goOn: () => Promise<void>): Promise<void> {
  const { turn, rejoining, clock } = context
  try {
    await goOn()
  } catch (error) {
    if (!(error instanceof ClientError) || !REFUSALS.has(error.code)) throw error
    await turn.takeAlways(() =>
      Transaction.run(context, "down", async (tx) => {
        const record = rejoining.find(groupId)
        if (record !== undefined) putRejoin(context, tx, groupId, { ...record, nextAtMs: clock.unixMs() + ECHO_MS })
      }),
    )
  }
}

/** Groups that were lost without anybody looking for a way back yet. */
async function noteLost(context: Context): Promise<void> {
  const lost = context.groups.all().flatMap((member) => {
    const cause = context.rejoining.find(member.groupId) === undefined ? causeOf(context, member) : undefined
    return cause === undefined ? [] : [{ groupId: member.groupId, cause }]
  })
  if (lost.length === 0) return
  await Transaction.run(context, "up", async (tx) => {
    for (const { groupId, cause } of lost) lose(context, tx, groupId, cause)
  })
}

function causeOf({ missing }: Context, member: Member): RejoinCause | undefined {
  // A closed group lets nobody in, and over a server that was proven a liar nobody comes back unasked.
  if (member.settings?.isClosed === true || member.serverProof?.isHalting === true) return undefined
  if (member.condition().ending === "must_rejoin") return "must_rejoin"
  return member.isActive && missing.isStuck(member.groupId) ? "history_gone" : undefined
}

/** True for a group of which nothing is left here, and which the server does not have us in: nobody could let us in again. */
async function isOutside({ groups }: Context, call: Call, groupId: GroupId): Promise<boolean> {
  if (groups.find(groupId) !== undefined) return false
  const { epochs } = await asClientError(call(methods.fetchEpochs, { channelIds: [groupId] }))
  return epochs.length === 0
}

/** Whoever is invited comes in; nothing more is tried. */
function noteOutside(context: Context, groupId: GroupId): Promise<void> {
  return context.turn.takeAlways(() => {
    return Transaction.run(context, "up", async (tx) => {
      const record = context.rejoining.find(groupId)
      const stage = { at: "stopped", reason: NOT_A_MEMBER } as const
      if (record !== undefined) putRejoin(context, tx, groupId, { ...record, stage })
    })
  })
}

async function ask(context: Context, tx: Transaction, groupId: GroupId): Promise<void> {
  const { rejoining, limits, groups, suite, self, random, clock } = context
  const record = rejoining.find(groupId)
  // Another round may have been here while we waited for our turn.
  const isDue = record?.stage.at === "due" || record?.stage.at === "asked"
  if (record === undefined || !isDue || isWaiting(record, clock.unixMs())) return
  if (record.attempt >= limits.rejoinAttempts) {
    return stopRejoin(context, tx, groupId, rejoining.heard(groupId).length > 0 ? "roles_changed" : "nobody_answered")
  }
  const earlier = groups.find(groupId)
  const recipients = await likelyMembers(context, groupId, earlier)
  if (recipients.length === 0 && earlier !== undefined) return forgetRejoin(context, tx, groupId)
  const nowMs = clock.unixMs()
  const nextAtMs = nowMs + Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** record.attempt)
  const asking = { ...record, attempt: record.attempt + 1, nextAtMs }
  // By then we may know somebody.
  if (recipients.length === 0) return putRejoin(context, tx, groupId, asking)
  const lastEpoch = earlier?.epoch ?? 0n
  const about = { suite, groupId, device: self.keys, lastEpoch, recipients, random, nowMs }
  const { asked, outgoing } = askToRejoin(about)
  putRejoin(context, tx, groupId, { ...asking, stage: { at: "asked", messageId: outgoing.messageId, ...asked } })
  tx.enqueue(outgoing, undefined)
}

/** Who can answer. The server passes over those who are not in the group. */
async function likelyMembers(
  { profile, self, contacts }: Context,
  groupId: GroupId,
  earlier: Member | undefined,
): Promise<readonly DeviceKey[]> {
  const found = new Map<string, DeviceKey>()
  const add = (key: Uint8Array): void => {
    if (found.size < LIKELY_MEMBERS && !equalBytes(key, self.keys.publicKey)) found.set(toHex(key), toDeviceKey(key))
  }
  for (const { devices } of earlier?.members() ?? []) for (const { deviceKey } of devices) add(deviceKey)
  if (earlier !== undefined) return [...found.values()]
  // A person's first device has the key of the person.
  for await (const { record } of profile.messagesAfter(groupId, 0)) add(record.sender)
  for (const { identityKey } of contacts.all()) add(identityKey)
  return [...found.values()]
}

/** The inbox has not brought what came of our commit: the log has it, if the server has taken any. */
async function lookForEcho(
  context: Context,
  call: Call,
  groupId: GroupId,
  { epoch, messageId }: Extract<RejoinStage, { at: "committed" }>,
): Promise<void> {
  // Looked at before the log is: what leaves the outbox in between may have come into the log too late for us to see.
  const isUnsent = (await positionOf(context, groupId, messageId)) !== undefined
  const request = { channelId: groupId, fromEpoch: epoch, limit: 1 }
  const [commit] = await commitsOf(call, request)
  await context.turn.takeAlways(async () => {
    const step = await Transaction.run(context, "up", async (tx) => {
      const record = context.rejoining.find(groupId)
      if (record?.stage.at !== "committed" || record.stage.epoch !== epoch) return "taken"
      if (commit?.epoch === epoch) return takeEcho(context, tx, groupId, commit.data, OWN_STEP)
      // The server has lost it, or had it in a log that goes no longer back so far.
      if (isUnsent) putRejoin(context, tx, groupId, { ...record, nextAtMs: context.clock.unixMs() + ECHO_MS })
      else askAgain(context, tx, { groupId, record, wasOvertaken: false })
      return "taken"
    })
    if (step === "joined") await replayParked(context, groupId)
  })
}

/** Whoever is not on the roster any more gets none. */
async function commitsOf(
  call: Call,
  request: { readonly channelId: GroupId; readonly fromEpoch: bigint; readonly limit: number },
): Promise<readonly { readonly epoch: bigint; readonly data: Uint8Array }[]> {
  try {
    return (await asClientError(call(methods.fetchCommits, request))).commits
  } catch (error) {
    const isOut =
      error instanceof ClientError && error.cause instanceof RpcError && error.cause.reason === "not_a_member"
    if (isOut) return []
    throw error
  }
}
