import { receiveEnvelope } from "@qpc/group"
import { methods, RpcError } from "@qpc/rpc"
import type { ResponseOf, RpcClient } from "@qpc/rpc"
import { toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import { asClientError } from "./network-error.ts"
import { recordHistoryGone } from "./missing-history.ts"
import { receiveBy } from "./receive.ts"
import { isLogRefusal, RefusedLogs } from "./refused-logs.ts"
import { isEntering, loseGroup } from "./rejoin-state.ts"
import { recordStep } from "./record-step.ts"
import { Transaction } from "./transaction.ts"

/** Commits asked for at one time; the server may answer with fewer, and with no more bytes than a frame holds. */
const PAGE_COMMITS = 32
/** Groups that one question is about. */
const PAGE_GROUPS = 200

/** How far our groups were at the server when it was asked. */
export interface Standing {
  readonly epochs: readonly { readonly groupId: GroupId; readonly epoch: bigint }[]
  /** Groups of which the server knows nothing for us. */
  readonly unknown: readonly GroupId[]
  /** Whatever our inbox got of these epochs has this number or a lower one. */
  readonly newestSeq: bigint
  /** How many commits were ever left out of our inbox because it was full. */
  readonly commitsLeftOut: bigint
}

type CommitPage = ResponseOf<(typeof methods)["fetchCommits"]>
type LogPage = Pick<CommitPage, "commits" | "oldestEpoch" | "newestEpoch">

/**
 * Fetches the commits that did not come through the inbox, because it was full or we were away for longer than it keeps
 * anything, and applies them in order: a page in memory, a transaction for each commit. Whatever breaks in between, the
 * members on disk say where to go on.
 *
 * The server is believed in nothing: a commit is taken as one from the inbox is.
 */
export class CatchUp {
  readonly #context: Context
  readonly #rpc: RpcClient
  /** Epochs out of which the server's commits do not lead us: they are not asked for again on this connection. */
  readonly #ends = new Map<string, bigint>()
  readonly #refused: RefusedLogs

  /** @param onTrouble - What was asked for again later broke off. Must not throw. */
  constructor(context: Context, rpc: RpcClient, onTrouble: (error: unknown) => void) {
    this.#context = context
    this.#rpc = rpc
    this.#refused = new RefusedLogs(context, { again: ({ groupId, epoch }) => this.upTo(groupId, epoch), onTrouble })
  }

  /** The connection is over. */
  close(): void {
    this.#refused.close()
  }

  /** Asks how far our groups are. @throws ClientError */
  async ask(): Promise<Standing> {
    const asked = this.#context.groups.all().flatMap(({ isActive, groupId }) => (isActive ? [groupId] : []))
    const known = new Map<string, bigint>()
    let newestSeq = 0n
    let commitsLeftOut: bigint | undefined
    for (let at = 0; at === 0 || at < asked.length; at += PAGE_GROUPS) {
      const request = { channelIds: asked.slice(at, at + PAGE_GROUPS) }
      const answer = await asClientError(this.#rpc.call(methods.fetchEpochs, request))
      for (const { channelId, epoch } of answer.epochs) known.set(toHex(channelId), epoch)
      newestSeq = answer.newestSeq
      // The first count is the oldest: what is left out between two questions has to be noticed later.
      commitsLeftOut ??= answer.commitsLeftOut
    }
    const epochs = asked.flatMap((groupId) => {
      const epoch = known.get(toHex(groupId))
      return epoch === undefined ? [] : [{ groupId, epoch }]
    })
    const unknown = asked.filter((groupId) => !known.has(toHex(groupId)))
    return { epochs, unknown, newestSeq, commitsLeftOut: commitsLeftOut ?? 0n }
  }

  /** Brings all groups to where the server had them. Call it when the inbox up to `newestSeq` is on disk. @throws ClientError */
  async reach({ epochs, unknown }: Standing): Promise<void> {
    for (const { groupId, epoch } of epochs) await this.upTo(groupId, epoch)
    for (const groupId of unknown) {
      const epoch = this.#epochOf(groupId)
      // A group of one has no channel before its first commit.
      if (epoch !== undefined && epoch > 0n) await this.upTo(groupId, epoch + 1n)
    }
  }

  /**
   * Brings the group of an envelope to the epoch of its label, and no further: what waits behind it in the inbox must not find
   * its keys gone. The inbox is in order, so a commit that leads there and is not on disk will not come any more.
   *
   * Before a Welcome too: into a group that we are in as far as we know, it says that we missed our removal.
   *
   * @throws ClientError
   */
  async before(envelope: Uint8Array): Promise<void> {
    const received = receiveEnvelope(envelope)
    if (received.kind === "drop") return
    const { groupId, epoch } = received.envelope
    await this.upTo(groupId, epoch)
  }

  /**
   * Applies commits until the member is in this epoch, or the server has no more that it can follow. Where it refuses to say, that group waits:
   * what comes for it meanwhile is parked by its member.
   *
   * @throws ClientError
   */
  async upTo(groupId: GroupId, epoch: bigint): Promise<void> {
    const name = toHex(groupId)
    let from = this.#epochOf(groupId)
    while (from !== undefined && from < epoch && this.#ends.get(name) !== from) {
      if (this.#refused.awaits(groupId, epoch)) return
      const page = await this.#fetch({ channelId: groupId, fromEpoch: from, limit: PAGE_COMMITS })
      if (page === "refused") return this.#refused.add(groupId, epoch)
      await this.#apply(groupId, page, epoch)
      const reached = this.#epochOf(groupId)
      if (reached === from && page.commits.length > 0) {
        this.#ends.set(name, from)
        if (page.oldestEpoch <= from) await loseGroup(this.#context, groupId)
      }
      if (reached === from && page.oldestEpoch > from) await this.#giveUp(groupId, from, page)
      if (reached === from) return
      from = reached
    }
  }

  /** Of a channel on whose roster we are no longer, nor remembered, there is nothing left for us. @throws ClientError */
  async #fetch(request: {
    readonly channelId: GroupId
    readonly fromEpoch: bigint
    readonly limit: number
  }): Promise<LogPage | "refused"> {
    try {
      return await asClientError(this.#rpc.call(methods.fetchCommits, request))
    } catch (error) {
      const isOut =
        error instanceof ClientError && error.cause instanceof RpcError && error.cause.reason === "not_a_member"
      if (!isOut && isLogRefusal(error)) return "refused"
      if (!isOut) throw error
      return { commits: [], oldestEpoch: request.fromEpoch + 1n, newestEpoch: request.fromEpoch + 1n }
    }
  }

  async #giveUp(groupId: GroupId, fromEpoch: bigint, { newestEpoch }: LogPage): Promise<void> {
    this.#ends.set(toHex(groupId), fromEpoch)
    await recordHistoryGone(this.#context, groupId, { fromEpoch, toEpoch: newestEpoch })
  }

  async #apply(groupId: GroupId, { commits }: LogPage, beforeEpoch: bigint): Promise<void> {
    for (const commit of commits) {
      if (commit.epoch >= beforeEpoch) return
      await applyLogged(this.#context, groupId, commit)
    }
  }

  /** `undefined` where there is nothing to follow. */
  #epochOf(groupId: GroupId): bigint | undefined {
    const member = this.#context.groups.find(groupId)
    return member?.isActive === true && !isEntering(this.#context, groupId) ? member.epoch : undefined
  }
}

/** Takes in one commit of the log, unless it came another way meanwhile, or is none. */
function applyLogged(
  context: Context,
  groupId: GroupId,
  { epoch, data }: { readonly epoch: bigint; readonly data: Uint8Array },
): Promise<void> {
  return context.turn.takeAlways(async () => {
    const { groups, tracer } = context
    const member = groups.find(groupId)
    const received = receiveEnvelope(data)
    if (member?.isActive !== true || member.epoch !== epoch || received.kind === "drop") return
    if (isEntering(context, groupId)) return
    if (received.envelope.kind !== "commit" || received.envelope.epoch !== epoch) return
    tracer.begin()
    tracer.line({ layer: "sdk", direction: "up", bytesIn: data.length, bytesOut: data.length })
    const origin = { seq: 0n, sizeBytes: data.length }
    await Transaction.run(context, "up", async (tx) =>
      recordStep(context, tx, member, await receiveBy(context, member, data), origin),
    )
  })
}
