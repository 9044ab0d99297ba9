import { toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { FULL_DISK_RETRY_MS, isDiskFull } from "./client-error.ts"
import type { Context } from "./context.ts"
import type { MessageRecord, MessageTimer } from "./records.ts"
import { stateOfSent } from "./sent-state.ts"
import { Transaction } from "./transaction.ts"

/** Messages deleted in one transaction. */
const SWEEP_ROWS = 256
/** The longest time between two looks: the machine may have slept meanwhile. */
const LOOK_EVERY_MS = 3_600_000

/** What becomes of a message of a group with this timer; `undefined` without one. Our own are read when they are written. */
export function timerOf(
  { time }: Pick<Context, "time">,
  disappearAfterSeconds: number,
  isOwn: boolean,
): MessageTimer | undefined {
  if (disappearAfterSeconds === 0) return undefined
  if (!isOwn) return { afterSeconds: disappearAfterSeconds }
  return { afterSeconds: disappearAfterSeconds, deleteAtMs: time.nowMs() + disappearAfterSeconds * 1000 }
}

/** Writes a message, and when it is to go. */
export function putTimedMessage(
  { profile, sweeper, time }: Context,
  tx: Transaction,
  place: { readonly groupId: GroupId; readonly position: number },
  record: MessageRecord,
): void {
  tx.change(profile.putMessage(place.groupId, place.position, record))
  const deleteAtMs = record.timer?.deleteAtMs
  if (deleteAtMs === undefined) return
  tx.change(profile.putExpiring({ ...place, deleteAtMs }), profile.putTime(time.record()))
  tx.afterwards(() => sweeper.lookBy(deleteAtMs))
}

/** A person has seen everything up to `position`: from now on the time of these messages runs. Call it inside the turn. */
export async function markRead(context: Context, groupId: GroupId, position: number): Promise<void> {
  const { profile, time } = context
  const from = await profile.readPosition(groupId)
  if (position <= from) return
  await Transaction.run(context, "down", async (tx) => {
    tx.change(profile.putReadPosition(groupId, position))
    for await (const { position: at, record } of profile.messagesAfter(groupId, from)) {
      if (at > position) break
      const { timer } = record
      if (timer === undefined || timer.deleteAtMs !== undefined) continue
      const deleteAtMs = time.nowMs() + timer.afterSeconds * 1000
      putTimedMessage(context, tx, { groupId, position: at }, { ...record, timer: { ...timer, deleteAtMs } })
    }
  })
}

/** Deletes messages whose time is over, a bounded number at a time, and sleeps until the next one's is. */
export class Sweeper {
  readonly #run: (sweep: () => Promise<void>) => void
  readonly #context: () => Context
  #timer: { readonly atMs: number; readonly handle: Disposable } | undefined
  #isClosed = false

  /** @param run - Does a sweep and deals with its failures. */
  constructor(context: () => Context, run: (sweep: () => Promise<void>) => void) {
    this.#context = context
    this.#run = run
  }

  /** Something is to go at this profile time. */
  lookBy(deleteAtMs: number): void {
    if (this.#isClosed || (this.#timer !== undefined && this.#timer.atMs <= deleteAtMs)) return
    const { clock, time } = this.#context()
    this.#timer?.handle[Symbol.dispose]()
    const delayMs = Math.min(Math.max(0, deleteAtMs - time.nowMs()), LOOK_EVERY_MS)
    const handle = clock.setTimer(delayMs, () => {
      this.#timer = undefined
      this.#run(() => this.sweep())
    })
    this.#timer = { atMs: deleteAtMs, handle }
  }

  /**
   * Deletes what is due now, and writes down how far time has come for what is not.
   *
   * @throws ClientError `store_…`; after `store_full` it tries again by itself
   */
  async sweep(): Promise<void> {
    try {
      await this.#sweep(this.#context())
    } catch (error) {
      if (isDiskFull(error)) this.lookBy(this.#context().time.nowMs() + FULL_DISK_RETRY_MS)
      throw error
    }
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.handle[Symbol.dispose]()
  }

  async #sweep(context: Context): Promise<void> {
    await context.turn.takeAlways(async () => {
      while (!this.#isClosed && (await sweepSome(context)) === SWEEP_ROWS);
      const { profile, time } = context
      const [next] = await profile.expiring(1)
      if (next === undefined || this.#isClosed) return
      // Each start counts a bounded time since what is stored: without this, many short runs would count it only once.
      await Transaction.run(context, "down", async (tx) => tx.change(profile.putTime(time.record())))
      this.lookBy(next.deleteAtMs)
    })
  }
}

/** Returns how many messages were looked at. */
async function sweepSome(context: Context): Promise<number> {
  const { profile, time } = context
  const nowMs = time.nowMs()
  const due = (await profile.expiring(SWEEP_ROWS)).filter(({ deleteAtMs }) => deleteAtMs <= nowMs)
  if (due.length === 0) return 0
  await Transaction.run(context, "down", async (tx) => {
    tx.change(profile.putTime(time.record()))
    const gone = new Map<string, { readonly groupId: GroupId; readonly positions: number[] }>()
    for (const expiring of due) {
      const { groupId, position } = expiring
      tx.change(profile.forgetExpiring(expiring))
      const stored = await profile.message(groupId, position)
      if (stored === undefined) continue
      // What cannot be read any more has to go all the same, and nobody can say whether the server has it.
      const record = stored === "damaged" ? undefined : stored
      const sent = record?.isOwn === true ? stateOfSent(await profile.sent(record.id)) : undefined
      if (record?.timer !== undefined && sent?.state === "stored") {
        // Nobody has it yet: whoever wrote it has to see what becomes of it.
        const deleteAtMs = nowMs + record.timer.afterSeconds * 1000
        putTimedMessage(context, tx, { groupId, position }, { ...record, timer: { ...record.timer, deleteAtMs } })
        continue
      }
      tx.change(profile.forgetMessage(groupId, position))
      if (record?.isOwn === true) tx.change(profile.forgetSent(record.id))
      const group = gone.get(toHex(groupId)) ?? { groupId, positions: [] }
      group.positions.push(position)
      gone.set(toHex(groupId), group)
    }
    for (const { groupId, positions } of gone.values()) {
      // The last message may be among them, and its place must not be given out again.
      tx.change(profile.putNextMessagePosition(groupId, await profile.nextMessagePosition(groupId)))
      tx.event({ kind: "disappeared", groupId, positions })
    }
  })
  return due.length
}
