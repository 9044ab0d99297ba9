import { methods } from "@qpc/rpc"
import { equalBytes, toGroupId } from "@qpc/wire"
import { resume } from "../account.ts"
import { ClientError } from "../client-error.ts"
import type { Calendar } from "../calendar.ts"
import type { Context } from "../context.ts"
import type { Link } from "../link.ts"
import { asClientError } from "../network-error.ts"
import type { Call } from "../outbox.ts"
import { isLogRefusal } from "../refused-logs.ts"
import type { Asked, GroupAnswer, ProfileSnapshot, ServerAnswer } from "./snapshot.ts"

/** Groups that one question is about. */
const PAGE_GROUPS = 200

/**
 * Asks the server how things are, and changes nothing there or here. Where there is no connection it makes one of its own: one of
 * the link's would begin to repair what it meets.
 */
export async function askServer(context: Context, link: Link, snapshot: ProfileSnapshot): Promise<Asked> {
  if (!snapshot.isRegistered) return { kind: "not_asked" }
  try {
    if (link.state.at === "online") return await ask(context.clock, link.call, snapshot)
    return await link.apart(async (rpc) => {
      await resume(context, rpc)
      return ask(context.clock, (method, request) => rpc.call(method, request), snapshot)
    })
  } catch (error) {
    if (error instanceof ClientError && !error.code.startsWith("store_")) return { kind: "failed", error }
    throw error
  }
}

async function ask(clock: Calendar, call: Call, snapshot: ProfileSnapshot): Promise<ServerAnswer> {
  const time = await askTime(clock, call)
  const { available, lastResort } = await asClientError(call(methods.uploadKeyPackage, {}))
  return {
    kind: "answered",
    ...(await askGroups(call, snapshot)),
    isInboxWaiting: await askInbox(call, snapshot),
    keyPackages: {
      availableCount: available,
      hasLastResort: lastResort !== undefined,
      lastResortUses: lastResort?.uses ?? 0,
    },
    ...(time && { clock: time }),
  }
}

async function askTime(clock: Calendar, call: Call): Promise<ServerAnswer["clock"]> {
  const beganMs = clock.nowMs()
  const { nowMs } = await asClientError(call(methods.health, {}))
  if (nowMs === 0n) return undefined
  const uncertaintyMs = Math.ceil((clock.nowMs() - beganMs) / 2)
  return { offsetMs: Number(nowMs) + uncertaintyMs - clock.machineMs(), uncertaintyMs }
}

async function askInbox(call: Call, { cursorSeq }: ProfileSnapshot): Promise<boolean> {
  const { envelopes } = await asClientError(call(methods.peek, { afterSeq: cursorSeq, limit: 1 }))
  return envelopes.some(({ seq }) => seq > cursorSeq)
}

async function askGroups(call: Call, { groups }: ProfileSnapshot): Promise<Pick<ServerAnswer, "groups" | "newestSeq">> {
  const channelIds = groups.flatMap(({ groupId, condition }) => (condition.ending === undefined ? [groupId] : []))
  const answers: GroupAnswer[] = []
  let newestSeq = 0n
  for (let at = 0; at === 0 || at < channelIds.length; at += PAGE_GROUPS) {
    const request = { channelIds: channelIds.slice(at, at + PAGE_GROUPS) }
    const answer = await asClientError(call(methods.fetchEpochs, request))
    newestSeq = answer.newestSeq
    for (const { channelId, epoch } of answer.epochs) {
      const group = groups.find(({ groupId }) => equalBytes(groupId, channelId))
      if (group === undefined) continue
      answers.push({ groupId: toGroupId(channelId), epoch, ...(epoch > group.epoch && (await oldestOf(call, group))) })
    }
  }
  return { groups: answers, newestSeq }
}

async function oldestOf(
  call: Call,
  { groupId, epoch }: ProfileSnapshot["groups"][number],
): Promise<Pick<GroupAnswer, "oldestEpoch" | "isLogRefused">> {
  const request = { channelId: groupId, fromEpoch: epoch, limit: 1 }
  try {
    const { oldestEpoch } = await asClientError(call(methods.fetchCommits, request))
    return { oldestEpoch }
  } catch (error) {
    if (isLogRefusal(error)) return { isLogRefused: true }
    throw error
  }
}
