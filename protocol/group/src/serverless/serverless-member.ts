import type { GroupId, IdentityKey, MessageId } from "@qpc/wire"
import type { Content } from "../content.ts"
import { earliest } from "../deadlines.ts"
import type { GroupSettings } from "../group-settings.ts"
import type { GroupMember } from "../member.ts"
import { membersOf } from "../roster.ts"
import { follow } from "./follow.ts"
import { settleAtMs } from "./forget.ts"
import type { ForkRule } from "./fork-rule.ts"
import { leaveAtMs, tickLeave } from "./leave-duty.ts"
import { abandon, published } from "./publish.ts"
import { receiveAll } from "./receive.ts"
import { send } from "./send.ts"
import { encodeServerlessState } from "./serverless-codec.ts"
import { ServerlessDraft } from "./serverless-draft.ts"
import type { ServerlessStep } from "./serverless-event.ts"
import { activeState, choose, tipOf } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"

/** What a member knows of branches, for people who want to know why things are as they are. Public ids and numbers only. */
export interface BranchView {
  /** Epochs that are kept, of all branches. */
  readonly keptEpochs: number
  /** The oldest epoch that can still be taken back. */
  readonly oldestEpoch: bigint
  /** Ends of branches, ours included. */
  readonly branches: number
  /** What decided the topmost fork. */
  readonly rule: ForkRule
  /** True if enough people were heard in an epoch of our branch. */
  readonly hasQuorum: boolean
  readonly witnessScore: number
  /** Envelopes that wait for a commit that we do not know. */
  readonly waitingEnvelopes: number
}

/**
 * One member of a group that nobody orders: commits are exchanged in any order, and whoever knows the same commits and texts is in
 * the same epoch. As pure as {@link Member}; see `docs/server-less.md`.
 *
 * **Durability.** Each call changes the member. Store {@link toBytes} with the step before the network sees any of it, and never
 * load a state older than the newest one whose messages may have left: it would use keys a second time.
 */
export class ServerlessMember implements Disposable {
  readonly #state: ServerlessState
  #isDisposed = false

  /** Takes ownership of `state`. */
  constructor(state: ServerlessState) {
    this.#state = state
  }

  get groupId(): GroupId {
    return this.#state.groupId
  }

  /** Of the branch that we are on. It can become smaller. */
  get epoch(): bigint {
    return tipOf(this.#alive()).epoch
  }

  get name(): string {
    return tipOf(this.#state).profile.name
  }

  get settings(): GroupSettings | undefined {
    return tipOf(this.#state).profile.settings
  }

  get self(): IdentityKey {
    return this.#state.self
  }

  /** False while we are not in the group on the branch that we believe in, and once we must rejoin. */
  get isActive(): boolean {
    return activeState(this.#state) !== undefined
  }

  /** Intents that have not ended, the one in the pending commit included. */
  get openIntentCount(): number {
    return this.#state.intents.openCount
  }

  /** Equal for all members who are on the same branch in the same epoch. Owned. @throws TypeError while we are not in the group */
  get epochAuthenticator(): Uint8Array {
    const { state } = tipOf(this.#alive())
    if (state === undefined) throw new TypeError("the group is over for us: removed")
    return state.group.epochAuthenticator()
  }

  /** In the order of their leaves; nobody while we are not in the group. */
  members(): readonly GroupMember[] {
    const { state } = tipOf(this.#alive())
    if (state === undefined) return []
    return membersOf(state.group)
  }

  branches(): BranchView {
    const state = this.#alive()
    const { hasQuorum, witnessScore } = choose(state)
    const all = [...state.root.all()]
    return {
      keptEpochs: all.length,
      oldestEpoch: state.root.epoch,
      branches: all.filter(({ children }) => children.length === 0).length,
      rule: state.rule,
      hasQuorum,
      witnessScore,
      waitingEnvelopes: state.waiting.count,
    }
  }

  /**
   * Sends a text, or takes up an intent. What cannot be sent is answered with a `refused` event.
   *
   * @throws RangeError, TypeError for a caller's bug: an empty list, a key of another length, text with lone surrogates
   */
  send(content: Content, nowMs: number): ServerlessStep {
    return this.#step((state, draft) => send(state, content, nowMs, draft))
  }

  /**
   * Takes what came with one contact, in any order. The branch is chosen once all are in, so that what arrives together does not
   * move the group to and fro. Total: whatever bytes arrive, it returns.
   */
  receive(envelopes: readonly Uint8Array[], nowMs: number): ServerlessStep {
    return this.#step((state, draft) => receiveAll(state, envelopes, nowMs, draft))
  }

  /** Somebody took the commit of `messageId`, or will for certain: we move on with it. An unknown id changes nothing. */
  published(messageId: MessageId, nowMs: number): ServerlessStep {
    return this.#step((state, draft) => published(state, messageId, nowMs, draft))
  }

  /**
   * Nobody took the commit of `messageId`, and nobody will: it is given up, and its intents fail. If it comes back to us after
   * all, others follow what we cannot: `must_rejoin`. An unknown id changes nothing.
   */
  abandon(messageId: MessageId, nowMs: number): ServerlessStep {
    return this.#step((state, draft) => abandon(state, messageId, nowMs, draft))
  }

  /** Does what is due at `nowMs`. Harmless at any time. */
  tick(nowMs: number): ServerlessStep {
    return this.#step((state, draft) => {
      const stale = state.waiting.takeStale(state.root.epoch, nowMs)
      for (let i = 0; i < stale.length; i++) draft.drop("epoch_in_future", "EPOCH_MISMATCH")
      if (state.isEnded) return
      follow(state, nowMs, draft)
      tickLeave(state, nowMs, draft)
    })
  }

  /** The whole durable state, secrets included: to be stored encrypted. Owned by the caller. */
  toBytes(): Uint8Array {
    return encodeServerlessState(this.#alive())
  }

  /** Zeroes the secrets of all epochs. Every later call throws `TypeError`. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    for (const epoch of this.#state.root.all()) epoch.zero()
  }

  #step(change: (state: ServerlessState, draft: ServerlessDraft) => void): ServerlessStep {
    const state = this.#alive()
    const draft = new ServerlessDraft(state.self)
    change(state, draft)
    return draft.finish(earliest(state.waiting.expiresAtMs, settleAtMs(state), leaveAtMs(state)))
  }

  #alive(): ServerlessState {
    if (this.#isDisposed) throw new TypeError("the member was disposed")
    return this.#state
  }
}
