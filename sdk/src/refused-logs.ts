import { equalBytes, toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import type { ClientErrorCode } from "./client-error.ts"
import type { Context } from "./context.ts"
import type { NoticeReason } from "./model.ts"
import { ECHO_MS } from "./rejoin-state.ts"
import { Transaction } from "./transaction.ts"

/** Words of a server that will not answer a question about one group, now or soon. */
const REFUSALS: ReadonlySet<ClientErrorCode> = new Set(["server_refused", "server_failed"])

/** True for what costs one group its answer, and no other group anything; what goes by with the next connection is none. */
export function isLogRefusal(error: unknown): boolean {
  return error instanceof ClientError && !error.retryable && REFUSALS.has(error.code)
}

/** A group whose commits are wanted. */
interface Wanted {
  readonly groupId: GroupId
  /** The epoch that they are to lead to. */
  readonly epoch: bigint
}

/** What {@link RefusedLogs} needs of the connection that it belongs to. */
interface RefusedLogsOptions {
  /** Asks once more. */
  readonly again: (wanted: Wanted) => Promise<void>
  /** That broke off, and with it all that was to be asked behind it. Must not throw. */
  readonly onTrouble: (error: unknown) => void
}

/** The groups whose commits the server refuses to hand out: they wait, and are asked for again while the connection lasts. At most our groups. */
export class RefusedLogs {
  readonly #context: Context
  readonly #options: RefusedLogsOptions
  readonly #waiting = new Map<string, Wanted>()
  #timer: Disposable | undefined
  #isClosed = false

  constructor(context: Context, options: RefusedLogsOptions) {
    this.#context = context
    this.#options = options
  }

  /** True while a group waits, from now on for this epoch, or for a later one. */
  awaits(groupId: GroupId, epoch: bigint): boolean {
    const known = this.#waiting.get(toHex(groupId))
    if (known !== undefined && known.epoch < epoch) this.#waiting.set(toHex(groupId), { groupId, epoch })
    return known !== undefined
  }

  /** The server refused: the group waits. That is told, unless a notice that is kept says it. @throws ClientError `store_…` */
  async add(groupId: GroupId, epoch: bigint): Promise<void> {
    if (!this.#isClosed) {
      this.#waiting.set(toHex(groupId), { groupId, epoch })
      this.#timer ??= this.#context.clock.setTimer(ECHO_MS, () => void this.#askAgain().catch(this.#options.onTrouble))
    }
    const { turn, profile, limits } = this.#context
    const reason = "log_refused" satisfies NoticeReason
    await turn.takeAlways(async () => {
      const kept = await profile.notices(limits.noticesKept)
      const known = kept.flatMap(({ record }) => (record.reason === reason && record.groupId ? [record.groupId] : []))
      if (known.some((id) => equalBytes(id, groupId))) return
      await Transaction.run(this.#context, "up", async (tx) => tx.notice({ seq: 0n, sizeBytes: 0, groupId, reason }))
    })
  }

  /** One after the other: so many groups at once would be more calls than a connection takes, and a page of commits in memory for each. */
  async #askAgain(): Promise<void> {
    this.#timer = undefined
    const due = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const wanted of due) await this.#options.again(wanted)
  }

  /** The connection is over; the next one asks anyway. */
  close(): void {
    this.#isClosed = true
    this.#timer?.[Symbol.dispose]()
    this.#waiting.clear()
  }
}
