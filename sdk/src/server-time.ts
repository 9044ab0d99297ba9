import { TIME_NONCE_BYTES, verifyServerTime } from "@qpc/group"
import { methods, RpcError } from "@qpc/rpc"
import type { Methods, ResponseOf } from "@qpc/rpc"
import { CLOCK_TOLERANCE_MS } from "./calendar.ts"
import type { Hearing } from "./calendar.ts"
import { isDiskFull } from "./client-error.ts"
import type { Context } from "./context.ts"
import type { NoticeReason } from "./model.ts"
import { toClientError } from "./network-error.ts"
import type { Call } from "./outbox.ts"
import { tick } from "./receive.ts"
import { Transaction } from "./transaction.ts"

/** Where the calendar jumped by more, what happens at a time of its own is looked at again. */
const JUMP_MS = 60_000

/** What is stored may be as old as this: a write for each connection would only say that time goes by. */
const STORE_EVERY_MS = 3_600_000

/**
 * Asks the server what time it is, on a connection that has a session, and corrects the calendar. A server of before there was such a
 * question, and one of which we know no key, change nothing.
 *
 * @throws ClientError where the server does not answer, or refuses; `store_…` but for a full disk: then it counts until the program ends
 */
export async function learnTime(context: Context, call: Call): Promise<void> {
  const { clock, groups } = context
  const [aheadMs, floorMs, calendarMs] = [clock.aheadMs, clock.record()?.floorMs ?? 0, clock.unixMs()]
  const hearing = await hear(context, call)
  if (hearing === undefined) return
  if (hearing === "refused") {
    if (clock.noteRefusal()) await writeDown(context, "server_time_refused")
    return
  }
  const isNews = Math.abs(clock.aheadMs - aheadMs) > CLOCK_TOLERANCE_MS
  const isOld = Math.abs((clock.record()?.floorMs ?? 0) - floorMs) >= STORE_EVERY_MS
  if (isNews || isOld) await writeDown(context, isNews && hearing === "differs" ? "clock_differs" : undefined)
  if (Math.abs(clock.unixMs() - calendarMs) <= JUMP_MS) return
  for (const { groupId } of groups.all()) await tick(context, groupId)
}

/** `undefined` where nothing was said. */
async function hear({ clock, deliveryKey, random, suite }: Context, call: Call): Promise<Hearing | undefined> {
  const serverKey = deliveryKey.pinned
  if (serverKey === undefined) return undefined
  const nonce = random(TIME_NONCE_BYTES)
  const beganMs = clock.nowMs()
  const answer = await ask(call, nonce)
  if (answer === undefined) return undefined
  // The server looked at its clock at some moment of the exchange.
  const uncertaintyMs = Math.ceil((clock.nowMs() - beganMs) / 2)
  const { nowMs: unixMs, signature } = answer
  if (!verifyServerTime(suite, serverKey, { nonce, unixMs }, signature)) return "refused"
  return clock.hear({ serverMs: Number(unixMs) + uncertaintyMs, uncertaintyMs })
}

/** Who gets no answer must not go on: with a wrong clock, what it would make next is of use to nobody. */
async function ask(call: Call, nonce: Uint8Array): Promise<ResponseOf<Methods["askTime"]> | undefined> {
  try {
    return await call(methods.askTime, { nonce })
  } catch (error) {
    if (error instanceof RpcError && error.code === "unimplemented") return undefined
    throw toClientError(error)
  }
}

async function writeDown(context: Context, reason: NoticeReason | undefined): Promise<void> {
  const { clock, profile, turn } = context
  try {
    await turn.takeAlways(() =>
      Transaction.run(context, "up", async (tx) => {
        const record = reason === "server_time_refused" ? undefined : clock.record()
        if (record !== undefined) tx.change(profile.putCalendar(record))
        if (reason !== undefined) tx.notice({ seq: 0n, sizeBytes: 0, reason })
      }),
    )
  } catch (error) {
    if (!isDiskFull(error)) throw error
  }
}
