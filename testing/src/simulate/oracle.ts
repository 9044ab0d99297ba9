import { receiveEnvelope } from "@qpc/group"
import type { EnvelopeKind } from "@qpc/group"
import type { Change } from "@qpc/sdk"
import type { Batch, BatchClaim, BatchOutcome, HeadPosition } from "@qpc/server/core"
import { toHex } from "@qpc/wire"
import { ChannelRosters } from "./channel-rosters.ts"
import { GivenUp } from "./given-up.ts"
import { GroupSuites } from "./group-suites.ts"
import type { Violation, ViolationKind } from "./violation.ts"

/** Of a row of the outbox: where it says whether a person waits for it, with the message id behind that. */
const OWNED_AT = 1
/** Of a stored message: where it says whose it is, or that it was missing before. */
const KIND_AT = 1 + 16 + 32
const LATE = 2

/** A device as the oracle knows it; keys are in hexadecimal. */
export interface Device {
  readonly key: string
  readonly name: string
  /** Of its person; the same as the key on a first device. */
  readonly identityKey: string
}

/** What a device believes of a group. */
export interface GroupView {
  readonly epoch: bigint
  /** Code point of its cipher suite. */
  readonly suiteId: number
  readonly authenticator: string
  readonly roster: readonly string[]
  readonly isMember: boolean
  /** True if it says that it cannot follow. */
  readonly isStuck: boolean
  /** True if that is because what it has stored of the group is damaged. */
  readonly isDamaged?: boolean
}

/** A text from before it is written to what became of it. */
export interface Text {
  readonly number: number
  readonly sender: Device
  readonly group: string
  /** Its place among the sender's texts of the group, once it is on the sender's disk. */
  order?: number
  /** Under which id its sender and the server know it. */
  messageId?: string
  epoch?: bigint
  /** Those in whose inboxes the server put it, or will when they have room. */
  recipients?: readonly string[]
  /** Those whose inboxes had no room at first: they get it late, behind what was written after it. */
  readonly late: Set<string>
}

type SentState = "stored" | "accepted" | "failed"
const SENT_STATES: readonly SentState[] = ["stored", "accepted", "failed"]

/** A text or wish of a device, and what it has come to. */
interface SentByDevice {
  readonly group: string
  readonly state: SentState
}

/** In the sdk's record of a sent message: version u8 · group id · state u8. */
const SENT_GROUP_OFFSET = 1
const SENT_STATE_OFFSET = 17
/** In the sdk's record of a message: version u8 · message id. */
const MESSAGE_ID_OFFSET = 1
const MESSAGE_ID_BYTES = 16
const GROUP_ID_BYTES = 16
/** In the sdk's record of a notice: version u8 · time u64 · seq u64 · size u32 · 1 · group id · reason<V> · person. */
const NOTICE_GROUP_OFFSET = 22
const PERSON_BYTES = 32
const GIVEN_UP = "inbox_full_given_up"
/** Why a text failed that was sealed too many epochs ago for the server to take it. */
const MOVED_ON = "group_moved_on"
/** What a device writes down against the log of a group's epochs; an honest server gives no cause for any of it. */
const ACCUSATIONS = [
  "server_equivocated",
  "head_missing",
  "head_unsigned",
  "other_server_key",
  "head_contradicts",
  "head_stale",
  "time_backwards",
  "authenticator_misstated",
]

/** What the server takes besides texts and commits. */
const ACCEPTED: Partial<Record<EnvelopeKind, string>> = {
  proposal: "proposals accepted",
  rejoin_request: "requests to come back accepted",
  rejoin_answer: "answers to requests to come back accepted",
}

/** The body of the text with this number. */
export const bodyOf = (number: number): string => `simulated text ${String(number).padStart(8, "0")}`
const BODY = /simulated text (\d{8})/
const latin1 = new TextDecoder("latin1")

/**
 * Knows who wrote what and when, what the server took and what every disk holds, and says at once when something happened
 * that must not. It reads disks, not the client's own events: those could be wrong in the same way.
 */
export class Oracle {
  readonly violations: Violation[] = []
  /** How often something came about that runs should show. */
  readonly #count: (what: string) => void
  readonly texts = new Map<number, Text>()
  readonly rosters = new ChannelRosters()
  readonly #suites: GroupSuites
  readonly #byMessageId = new Map<string, Text>()
  readonly #shown = new Map<string, Set<number>>()
  readonly #placed = new Map<string, number>()
  readonly #lastOrder = new Map<string, number>()
  readonly #ordersUsed = new Map<string, number>()
  readonly #epochs = new Map<string, GroupView & { readonly by: string }>()
  readonly #durableEpochs = new Map<string, bigint>()
  readonly #joinEpochs = new Map<string, bigint>()
  readonly #commits = new Map<string, string>()
  /** What the server signed, by group and epoch. */
  readonly #heads = new Map<string, string>()
  readonly #sent = new Map<string, Map<string, SentByDevice>>()
  readonly #givenUp = new GivenUp()
  /** Texts of which their senders were told that the group changed too often meanwhile. */
  readonly #overtaken = new Set<Text>()
  /** Messages that no person wrote: what members ask and answer about texts that never came, beside changes of the group. */
  readonly #ownerless = new Set<string>()
  /** Wishes for new keys that have no end yet. */
  readonly #keyUpdates = new Set<string>()

  constructor(count: (what: string) => void = () => {}) {
    this.#count = count
    this.#suites = new GroupSuites(count)
  }

  /** A person is about to write a text. @returns its number */
  writing(sender: Device, group: string): number {
    const number = this.texts.size + 1
    this.texts.set(number, { number, sender, group, late: new Set() })
    return number
  }

  /** A person asked for new keys. @param id - as the sdk gives it */
  updatesKeys(id: string): void {
    this.#keyUpdates.add(id.replaceAll("-", ""))
  }

  /** A transaction of a device is on its disk. */
  durable(device: Device, changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === "delete") continue
      if (change.collection === "messages") this.#message(device, change.key, change.value)
      if (change.collection === "sent") this.#sentState(device, change.key, change.value)
      if (change.collection === "notices") this.#notice(device, change.value)
      if (change.collection === "outbox" && change.value[OWNED_AT] === 0) {
        this.#ownerless.add(toHex(change.value.subarray(OWNED_AT + 1, OWNED_AT + 17)))
      }
    }
  }

  /** A batch is on the server's disk, or was refused. */
  enqueued(batch: Batch, outcome: BatchOutcome): void {
    if (outcome.kind === "epoch_conflict") this.#count("commits that came second")
    this.#compareHead(batch, outcome)
    if (outcome.kind !== "accepted" || outcome.duplicate) return
    const group = toHex(batch.channelId)
    const id = toHex(batch.messageId)
    if (batch.claim) {
      if (outcome.full.length > 0) this.#count("commits left out of full inboxes")
      const step = `${group} ${batch.claim.epoch}`
      const earlier = this.#commits.get(step)
      if (earlier !== undefined && earlier !== id) this.report("two_commits", `two commits leave epoch ${step}`)
      this.#commits.set(step, id)
      this.#count("commits accepted")
      return this.#advance(group, batch, batch.claim)
    }
    const [delivery] = batch.deliveries
    const received = delivery && receiveEnvelope(delivery.payload)
    const other = received?.kind === "envelope" ? ACCEPTED[received.envelope.kind] : undefined
    if (other !== undefined) return this.#count(other)
    const text = this.#byMessageId.get(id)
    if (text === undefined && this.#ownerless.has(id)) return this.#count("messages about missing texts accepted")
    if (text === undefined || delivery === undefined) return this.report("unsent", `the server took unknown ${id}`)
    const skipped = new Set(outcome.skipped.map(toHex))
    for (const key of outcome.full) text.late.add(toHex(key))
    if (outcome.full.length > 0) this.#count("texts that had to wait for room")
    text.recipients = delivery.recipients.map(toHex).filter((key) => !skipped.has(key))
    if (received?.kind !== "envelope") return
    const { epoch, log } = received.envelope
    text.epoch = epoch
    this.#checkRecipients(text, delivery.recipients, toHex(batch.sender))
    const signed = this.#heads.get(`${group} ${epoch}`)
    if (signed === undefined || log === undefined) return
    if (toHex(log.hash) !== signed) this.report("accused", `a text names another head of epoch ${epoch} of ${group}`)
    else this.#count("texts that named the head of their epoch")
  }

  /** Whoever is in the group when a text is sealed is to have it, with every device. */
  #checkRecipients({ group, number, epoch = 0n }: Text, recipients: readonly Uint8Array[], sender: string): void {
    const reached = new Set([...recipients.map(toHex), sender])
    for (const key of this.rosters.of(group, epoch) ?? []) {
      if (!reached.has(key)) this.report("lost", `text ${number} is not addressed to ${key} in epoch ${epoch}`)
    }
  }

  #advance(group: string, { sender }: Batch, { epoch, membersAfter }: BatchClaim): void {
    const before = this.rosters.of(group, BigInt(epoch))
    const after = membersAfter.map(toHex)
    this.rosters.advance(group, BigInt(epoch) + 1n, after)
    const isSame = before?.size === after.length && after.every((key) => before.has(key))
    const isWanted = [...this.sentBy(toHex(sender))].some(
      ([id, sent]) => sent.state === "stored" && sent.group === group && !this.#byMessageId.has(id),
    )
    if (isSame && !isWanted) this.#count("commits for new keys that nobody asked for")
  }

  /** One epoch, one head, whatever is answered and how often. */
  #compareHead(batch: Batch, outcome: BatchOutcome): void {
    const position = positionIn(outcome)
    if (position === undefined) return
    const place = `${toHex(batch.channelId)} ${position.epoch}`
    const hash = toHex(position.head.hash)
    const earlier = this.#heads.get(place)
    if (earlier !== undefined && earlier !== hash) this.report("accused", `the server signed two heads of ${place}`)
    this.#heads.set(place, hash)
  }

  /** What a device believes now; `isDurable` where its disk says the same. */
  observed(device: Device, group: string, view: GroupView, isDurable: boolean): void {
    const place = `${device.key} ${group}`
    if (!view.isMember) {
      const stuck = view.isDamaged === true ? "members of damaged groups" : "members away for longer than the log"
      if (this.#joinEpochs.delete(place)) this.#count(view.isStuck ? stuck : "members removed")
      return
    }
    if (!this.#joinEpochs.has(place)) {
      this.#joinEpochs.set(place, view.epoch)
      const what = isSecond(device) ? "second devices that joined" : "invitations that succeeded"
      if (view.epoch > 0n) this.#count(what)
    }
    this.#compare(device, group, view)
    if (!this.#suites.observed(device.key, group, view))
      this.report("weakened", `${device.name} is in suite ${view.suiteId} in epoch ${view.epoch} of ${group}`)
    const before = this.#durableEpochs.get(place)
    if (!isDurable) return
    if (before !== undefined && view.epoch < before)
      this.report("epoch_back", `${device.name} went back from epoch ${before} to ${view.epoch} of ${group}`)
    this.#durableEpochs.set(place, view.epoch)
  }

  /** The text that its sender and the server know by this id. */
  textOf(messageId: string): Text | undefined {
    return this.#byMessageId.get(messageId)
  }

  hasShown(key: string, number: number): boolean {
    return this.#shown.get(key)?.has(number) === true
  }

  /** What a device's own messages and intents have come to, by id. */
  sentBy(key: string): ReadonlyMap<string, SentByDevice> {
    return this.#sent.get(key) ?? new Map()
  }

  /**
   * Texts that the server took and that a device, a member from then until now, does not have. A text that its sender was
   * told has failed is nobody's loss, nor one that had to wait for room and of which its sender was told that it was given up.
   */
  missing(device: Device, group: string): readonly Text[] {
    return this.#untold(device, group, (text) => this.#isOwed(device, text))
  }

  /** Texts with this number or a later one that a device does not have, although it is to read everything that is written by now. */
  unread(device: Device, group: string, first: number): readonly Text[] {
    const unread = this.#untold(device, group, (text) => text.number >= first || this.#isOwed(device, text))
    return unread.filter(({ number }) => number >= first)
  }

  /** Texts with this number or a later one that the server never took because the group changed too often meanwhile, as their senders know. */
  overtaken(first: number): readonly Text[] {
    return [...this.#overtaken].filter(({ number }) => number >= first)
  }

  #isOwed({ key }: Device, { group, recipients, epoch, messageId, sender }: Text): boolean {
    const joinEpoch = this.#joinEpochs.get(`${key} ${group}`)
    if (joinEpoch === undefined || epoch === undefined || messageId === undefined) return false
    const hasFailed = this.sentBy(sender.key).get(messageId)?.state === "failed"
    return recipients?.includes(key) === true && epoch >= joinEpoch && !hasFailed
  }

  /** Those that the device does not show and whose senders do not know it. */
  #untold(device: Device, group: string, isWanted: (text: Text) => boolean): readonly Text[] {
    const givenUp = this.#givenUp.copy()
    return [...this.texts.values()].filter((text) => {
      if (text.group !== group || this.hasShown(device.key, text.number) || !isWanted(text)) return false
      return !text.late.has(device.key) || !givenUp.take(text.sender.key, group, device)
    })
  }

  report(kind: ViolationKind, what: string): void {
    this.violations.push({ kind, what })
  }

  #notice(device: Device, value: Uint8Array): void {
    const notice = latin1.decode(value)
    const accusation = ACCUSATIONS.find((reason) => notice.includes(reason))
    if (accusation !== undefined) this.report("accused", `${device.name} holds ${accusation} against the server`)
    if (!notice.includes(GIVEN_UP)) return
    const group = toHex(value.subarray(NOTICE_GROUP_OFFSET, NOTICE_GROUP_OFFSET + GROUP_ID_BYTES))
    this.#givenUp.note(device.key, group, toHex(value.subarray(-PERSON_BYTES)))
  }

  #message(device: Device, key: Uint8Array, value: Uint8Array): void {
    const group = toHex(key.subarray(0, GROUP_ID_BYTES))
    const number = Number(BODY.exec(latin1.decode(value))?.[1])
    const text = this.texts.get(number)
    if (text === undefined || text.group !== group)
      return this.report("unsent", `${device.name} shows a text that nobody wrote in ${group}`)
    // What gets another time to disappear is written again where it was.
    const place = `${device.key} ${toHex(key)}`
    if (this.#placed.get(place) === number) return
    this.#placed.set(place, number)
    const isOwn = text.sender.key === device.key
    if (isOwn) this.#written(text, value)
    else if (text.order === undefined)
      return this.report("unsent", `${device.name} shows text ${number}, which its sender has not written down`)
    const shown = this.#shown.get(device.key) ?? new Set()
    this.#shown.set(device.key, shown)
    if (shown.has(number)) return this.report("duplicate", `${device.name} shows text ${number} twice`)
    shown.add(number)
    if (isOwn || text.late.has(device.key)) return
    this.#count(isSecond(device) ? "texts shown on second devices" : "texts shown")
    if (text.epoch !== undefined && this.#suites.isFormer(device.key, text.group, text.epoch))
      this.#count("texts shown that were sealed in a former cipher suite")
    // Another member handed it in: later ones were there before.
    if (value[KIND_AT] === LATE) return this.#count("texts that were missing and came late")
    this.#checkOrder(device, text)
  }

  #written(text: Text, value: Uint8Array): void {
    const place = `${text.sender.key} ${text.group}`
    const order = (this.#ordersUsed.get(place) ?? 0) + 1
    this.#ordersUsed.set(place, order)
    text.order = order
    text.messageId = toHex(value.subarray(MESSAGE_ID_OFFSET, MESSAGE_ID_OFFSET + MESSAGE_ID_BYTES))
    this.#byMessageId.set(text.messageId, text)
  }

  #checkOrder(device: Device, { group, sender, number, order = 0 }: Text): void {
    const place = `${device.key} ${group} ${sender.key}`
    const last = this.#lastOrder.get(place) ?? 0
    if (order < last)
      this.report("order", `${device.name} shows text ${number} of ${sender.name} behind a later one of theirs`)
    this.#lastOrder.set(place, Math.max(last, order))
  }

  #sentState(device: Device, key: Uint8Array, value: Uint8Array): void {
    const state = SENT_STATES[value[SENT_STATE_OFFSET]!]
    const states = this.#sent.get(device.key) ?? new Map<string, SentByDevice>()
    this.#sent.set(device.key, states)
    if (state === undefined) return this.report("mistake", `${device.name} wrote a sent record of another form`)
    const group = toHex(value.subarray(SENT_GROUP_OFFSET, SENT_GROUP_OFFSET + GROUP_ID_BYTES))
    states.set(toHex(key), { group, state })
    const text = this.#byMessageId.get(toHex(key))
    if (text !== undefined && latin1.decode(value).includes(MOVED_ON)) this.#overtaken.add(text)
    if (state === "accepted" && this.#keyUpdates.delete(toHex(key))) this.#count("key updates that people asked for")
  }

  #compare(device: Device, group: string, view: GroupView): void {
    const name = `${group} ${view.epoch}`
    const known = this.#epochs.get(name)
    if (known === undefined) {
      this.#epochs.set(name, { ...view, by: device.name })
      return
    }
    const isSame = known.authenticator === view.authenticator && known.roster.join() === view.roster.join()
    if (!isSame) this.report("fork", `${device.name} and ${known.by} differ in epoch ${view.epoch} of ${group}`)
  }
}

const isSecond = ({ key, identityKey }: Device): boolean => key !== identityKey

/** Where the server says that a channel is. */
function positionIn(outcome: BatchOutcome): HeadPosition | undefined {
  if (outcome.kind === "accepted") return outcome.position
  if (outcome.kind !== "epoch_conflict" || outcome.head === undefined) return undefined
  return { epoch: outcome.currentEpoch, head: outcome.head }
}
