import { uuidText } from "@qpc/wire"
import type { GroupId, MessageId, StateChanges } from "@qpc/wire"
import type { Member, Outgoing } from "@qpc/group"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import type { ClientEvent, Failure, Sent } from "./model.ts"
import { noticeOf } from "./notice.ts"
import { isControl } from "./outgoing-kind.ts"
import type { Held, NoticeRecord, OutboxRecord } from "./records.ts"
import type { Change } from "./store.ts"

/**
 * Everything that one event changes: on disk at once or not at all, and only then visible to anybody. Made by
 * {@link Transaction.run}.
 */
export class Transaction {
  readonly #context: Context
  readonly #changes: Change[] = []
  readonly #events: ClientEvent[] = []
  readonly #afterwards: (() => void)[] = []
  readonly #touched = new Set<Member>()
  /** Rows of this transaction by which members help each other to missing texts. */
  #controls = 0

  private constructor(context: Context) {
    this.#context = context
  }

  /**
   * Runs `body` and commits what it collected; call it inside the context's turn.
   *
   * Whatever fails, in the body or on the disk: the members that were touched are woken again from what the store has, so
   * that memory and disk never disagree. Nothing of theirs had left the process, so no key was used.
   *
   * @throws ClientError `store_full`, `store_io`, `store_closed`; what `body` throws: then nothing happened
   */
  static async run<T>(context: Context, direction: "down" | "up", body: (tx: Transaction) => Promise<T>): Promise<T> {
    const tx = new Transaction(context)
    try {
      const result = await body(tx)
      await tx.#commit(direction)
      return result
    } catch (error) {
      await tx.#rollBack().catch((failure: unknown) => {
        // A store that failed cannot be read either. It lets nothing be written any more, so nothing follows from memory.
        if (!(failure instanceof ClientError)) throw failure
      })
      throw error
    }
  }

  change(...changes: readonly Change[]): void {
    this.#changes.push(...changes)
  }

  /** Published when everything is on disk. */
  event(event: ClientEvent): void {
    this.#events.push(event)
  }

  /** Runs when everything is on disk, before the events. Must not throw. */
  afterwards(action: () => void): void {
    this.#afterwards.push(action)
  }

  /** The member changed: what it owes is written with the rest. */
  touch(member: Member): void {
    this.#touched.add(member)
  }

  /** Something is given up and somebody should know. */
  notice(record: Omit<NoticeRecord, "atMs">): void {
    const { profile, positions, limits, clock, contacts } = this.#context
    const position = positions.notice()
    const notice = { ...record, atMs: clock.unixMs() }
    this.change(profile.putNotice(position, notice))
    if (position > limits.noticesKept) this.change(profile.forgetNotice(position - limits.noticesKept))
    this.event({ kind: "notice", notice: noticeOf(contacts, position, notice) })
  }

  /** Something of ours is at a new point of its way. */
  sent(groupId: GroupId, id: MessageId, state: Sent["state"], failure?: Failure): void {
    this.change(this.#context.profile.putSent(id, { groupId, state, ...(failure && { failure }) }))
    this.event({ kind: "sent", groupId, sent: { id: uuidText(id), state, ...(failure && { failure }) } })
  }

  /**
   * Puts a message into the outbox. One that asks for texts, or answers with them, is left out where as many of its group wait as the limit
   * allows: whoever waits for it asks somebody else, or again.
   *
   * @param sentId - What its owner knows it by.
   */
  enqueue(outgoing: Outgoing, sentId: MessageId | undefined): void {
    const { profile, positions, outbox, limits } = this.#context
    const record: OutboxRecord = { outgoing, ...(sentId && { sentId }) }
    const isAboutTexts = isControl(record)
    if (isAboutTexts && outbox.controlCount(outgoing.groupId) + this.#controls >= limits.controlRows) return
    if (isAboutTexts) this.#controls += 1
    const position = positions.outbox()
    this.change(profile.putOutbox(position, record))
    this.afterwards(() => outbox.add(outgoing.groupId, position, { isControl: isAboutTexts }))
  }

  /** A message waits for room in the inboxes of those who do not have it yet. */
  hold(position: number, row: OutboxRecord, held: Held): void {
    const { profile, outbox } = this.#context
    this.change(profile.putOutbox(position, { ...row, held }))
    this.afterwards(() => outbox.hold(row.outgoing.groupId, position, held.missing))
  }

  /** Everything in the inbox up to `seq` is on disk with this transaction. */
  moveCursor(seq: bigint): void {
    const { profile, cursor } = this.#context
    this.change(profile.putCursor(seq))
    this.afterwards(() => (cursor.seq = seq))
  }

  /** Takes a message out of the outbox. */
  dequeue(groupId: GroupId, position: number): void {
    this.change(this.#context.profile.forgetOutbox(position))
    this.afterwards(() => this.#context.outbox.drop(groupId, position))
  }

  async #commit(direction: "down" | "up"): Promise<void> {
    const { store, profile, hub, tracer, pulse } = this.#context
    const taken: StateChanges[] = []
    for (const member of this.#touched) {
      const owed = member.takeChanges()
      taken.push(owed)
      this.change(...(await profile.putMember(member.groupId, owed)))
    }
    await store.commit(this.#changes)
    for (const owed of taken) settle(owed)
    tracer.line({ layer: "store", direction, ...this.#sizes() })
    for (const action of this.#afterwards) action()
    for (const event of this.#events) hub.publish(event)
    pulse.beat()
  }

  /** Leaves memory as the store is. */
  async #rollBack(): Promise<void> {
    const { groups, profile, self } = this.#context
    for (const member of this.#touched) {
      const known = groups.find(member.groupId)
      // A member that was about to join is not among the groups yet; the one whose place it was to take may have been given up.
      if (known !== member) member[Symbol.dispose]()
      if (known !== undefined) await groups.reload(profile, member.groupId, self.keys)
    }
  }

  #sizes(): { readonly bytesIn: number; readonly bytesOut: number } {
    let bytes = 0
    for (const change of this.#changes) bytes += change.kind === "put" ? change.key.length + change.value.length : 0
    return { bytesIn: bytes, bytesOut: bytes }
  }
}

/** What was owed is on disk; of the secrets in it nothing stays in memory. */
function settle({ changes, stored }: StateChanges): void {
  stored()
  for (const { value } of changes) value?.fill(0)
}
