import { receiveEnvelope } from "@qpc/group"
import { methods } from "@qpc/rpc"
import type { Push, RpcClient } from "@qpc/rpc"
import { CatchUp } from "./catch-up.ts"
import type { Standing } from "./catch-up.ts"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import type { NoticeReason } from "./model.ts"
import { asClientError } from "./network-error.ts"
import { receive } from "./receive.ts"
import { Transaction } from "./transaction.ts"

/** Envelopes asked for at one time while catching up; the server may answer with fewer. */
const PEEK_ENVELOPES = 32

/** Looks for commits behind Welcomes, at most, before what else waits has its turn: whoever sends Welcomes all the time holds up nothing. */
const ENTERING_ROUNDS = 4

/** What an inbox tells the connection it belongs to. */
export interface InboxOptions {
  readonly rpc: RpcClient
  /** Something went wrong that this connection does not survive. Must not throw. */
  readonly onTrouble: (error: unknown) => void
  /** The server ended the session. Must not throw. */
  readonly onSessionEnded: () => void
}

/**
 * One connection's view of our inbox: first what waited for us, then what is pushed.
 *
 * The cursor is one number, so envelopes are taken in strictly one after the other, and after the first that could not be
 * stored **no later one is touched**: it would move the cursor past what is not on disk. The next connection begins at the
 * cursor again.
 *
 * The server leaves commits out of an inbox that is full, and everything that waited for too long. Those commits are fetched
 * before the first envelope that needs them; behind what is in the inbox, those of which nobody spoke since.
 */
export class Inbox {
  readonly #context: Context
  readonly #options: InboxOptions
  #isBroken = false
  #isCaughtUp = false
  #ackedSeq = 0n
  #isAcking = false
  readonly #commits: CatchUp
  /** Where groups were at the server, until they are there here too. */
  #goal: Standing | undefined
  /**
   * True if we entered a group by a Welcome that was there, or may have been, when we last asked: commits behind it may have been left out,
   * and are counted already. Of what is left out behind a later one the count tells.
   */
  #hasEntered = false
  /** How many answers about where groups are we wait for. */
  #looks = 0
  /** How many were ever asked for. */
  #lookCount = 0
  /** How many commits the server had left out when we last asked. */
  #leftOut = 0n

  constructor(context: Context, options: InboxOptions) {
    this.#context = context
    this.#options = options
    this.#commits = new CatchUp(context, options.rpc, (error) => this.#break(error))
    // What an earlier connection took in is acknowledged after Subscribe told that the server still counts as we do.
    this.#ackedSeq = context.cursor.seq
  }

  /** True once everything that waited when the connection began is on disk. */
  get isCaughtUp(): boolean {
    return this.#isCaughtUp && !this.#isBroken
  }

  /**
   * Takes in what waits, then subscribes to what comes. What comes while it does is pushed afterwards: nobody who writes faster than we
   * read keeps everything else waiting.
   *
   * @throws ClientError
   */
  async catchUp(): Promise<void> {
    for (let rounds = 0; rounds === 0 || (this.#hasEntered && rounds < ENTERING_ROUNDS); rounds++) {
      const { newestSeq } = await this.#lookForGaps()
      await this.#drain(newestSeq)
      await this.#closeGaps()
    }
    let afterSeq = this.#context.cursor.seq
    const { newestSeq } = await asClientError(this.#options.rpc.call(methods.subscribe, { afterSeq }))
    if (newestSeq < afterSeq) {
      await this.#beginAnew()
      await this.#drain(newestSeq)
      afterSeq = this.#context.cursor.seq
      await asClientError(this.#options.rpc.call(methods.subscribe, { afterSeq }))
    }
    await this.#ack(this.#context.cursor.seq)
    this.#isCaughtUp = true
    this.#context.pulse.beat()
    if (this.#hasEntered && this.#goal === undefined) await this.#mend()
  }

  /** The number of the first envelope that waits behind the cursor, if any. @throws ClientError */
  async firstWaiting(): Promise<bigint | undefined> {
    const afterSeq = this.#context.cursor.seq
    const { envelopes } = await asClientError(this.#options.rpc.call(methods.peek, { afterSeq, limit: 1 }))
    const first = envelopes[0]?.seq
    return first !== undefined && first > afterSeq ? first : undefined
  }

  /** Takes in what is pushed, until the connection ends. Never rejects. */
  async readPushes(): Promise<void> {
    try {
      for await (const push of this.#options.rpc.pushes) await this.#take(push)
    } catch (error) {
      this.#break(error)
    } finally {
      this.#commits.close()
    }
  }

  async #take(push: Push): Promise<void> {
    switch (push.name) {
      case "envelopePushed": {
        const { envelope } = push.message
        if (envelope === undefined) return
        await this.#receive(envelope.seq, envelope.data)
        void this.#ackSoon()
        if (this.#hasReachedGoal) await this.#closeGaps()
        if (this.#hasEntered && this.#goal === undefined) await this.#mend()
        return
      }
      case "sessionEnded":
        return this.#options.onSessionEnded()
      case "goingAway": // The connection layer has heard of it already.
        return
    }
  }

  async #receive(seq: bigint, bytes: Uint8Array): Promise<void> {
    const isNew = seq > this.#context.cursor.seq
    if (isNew) await this.#commits.before(bytes)
    const wasAsking = this.#isAsking
    const lookCount = this.#lookCount
    await receive(this.#context, { seq, bytes })
    // What a server hands out again brings nobody in again: we would ask it for ever.
    if (!isNew) return
    const received = receiveEnvelope(bytes)
    const isWelcome = received.kind === "envelope" && received.envelope.kind === "welcome"
    // The answer may have come, and its goal have been reached, before the group was there.
    if (isWelcome && (wasAsking || this.#isAsking || this.#lookCount !== lookCount)) this.#hasEntered = true
  }

  /** True while an answer about where groups are is under way, or not done with. */
  get #isAsking(): boolean {
    return this.#looks > 0 || this.#goal !== undefined
  }

  /** True if everything that our inbox got until the last look is on disk. */
  get #hasReachedGoal(): boolean {
    return this.#goal !== undefined && this.#context.cursor.seq >= this.#goal.newestSeq
  }

  async #lookForGaps(): Promise<Standing> {
    this.#hasEntered = false
    this.#looks += 1
    this.#lookCount += 1
    try {
      const goal = await this.#commits.ask()
      this.#goal = goal
      this.#leftOut = goal.commitsLeftOut
      return goal
    } finally {
      this.#looks -= 1
    }
  }

  /** Fetches what will not come any more. Call it when everything that was in the inbox at the last look is on disk. */
  async #closeGaps(): Promise<void> {
    const goal = this.#goal
    this.#goal = undefined
    if (goal !== undefined) await this.#commits.reach(goal)
  }

  /** Takes in what waits up to `newestSeq`, and what comes with it. */
  async #drain(newestSeq: bigint): Promise<void> {
    const { cursor } = this.#context
    let isMore = true
    while (isMore && !this.#isBroken) {
      const afterSeq = cursor.seq
      const page = await asClientError(this.#options.rpc.call(methods.peek, { afterSeq, limit: PEEK_ENVELOPES }))
      for (const { seq, data } of page.envelopes) await this.#receive(seq, data)
      if (cursor.seq > this.#ackedSeq) await this.#ack(cursor.seq)
      isMore = page.more || page.envelopes.length === PEEK_ENVELOPES
      if (isMore && cursor.seq === afterSeq) throw nothingNew()
      isMore &&= cursor.seq < newestSeq
    }
  }

  /** One acknowledgement at a time; what is stored meanwhile goes with the next. */
  async #ackSoon(): Promise<void> {
    if (this.#isAcking) return
    this.#isAcking = true
    try {
      let seqUpTo = this.#context.cursor.seq
      while (seqUpTo > this.#ackedSeq && !this.#isBroken) {
        await this.#ack(seqUpTo)
        seqUpTo = this.#context.cursor.seq
      }
    } catch (error) {
      this.#break(error)
    } finally {
      this.#isAcking = false
    }
  }

  async #ack(seqUpTo: bigint): Promise<void> {
    const { commitsLeftOut } = await asClientError(this.#options.rpc.call(methods.ack, { seqUpTo }))
    this.#ackedSeq = seqUpTo
    if (commitsLeftOut <= this.#leftOut || this.#goal !== undefined) return
    await this.#mend()
  }

  async #mend(): Promise<void> {
    await this.#lookForGaps()
    if (this.#hasReachedGoal || (await this.firstWaiting()) === undefined) await this.#closeGaps()
  }

  /**
   * The server's numbers are below ours: it lost its memory of this inbox. What it has now is new, whatever its number; a
   * message that we know already is recognised by the group.
   */
  #beginAnew(): Promise<void> {
    const reason = "server_reset" satisfies NoticeReason
    this.#ackedSeq = 0n
    return this.#context.turn.takeAlways(() =>
      Transaction.run(this.#context, "up", async (tx) => {
        tx.moveCursor(0n)
        tx.notice({ seq: 0n, sizeBytes: 0, reason })
      }),
    )
  }

  #break(error: unknown): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#options.onTrouble(error)
  }
}

function nothingNew(): ClientError {
  const nextStep = "Update qpc or the server."
  return new ClientError("protocol", "the server says that more waits for us and does not hand it over", { nextStep })
}
