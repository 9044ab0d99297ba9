import { DEVICES_PER_PERSON, roleOf } from "@qpc/group"
import type { Member } from "@qpc/group"
import { methods, RpcError } from "@qpc/rpc"
import { equalBytes, fromHex, toDeviceKey, toHex, toMessageId } from "@qpc/wire"
import type { DeviceKey, GroupId, IdentityKey, MessageId } from "@qpc/wire"
import type { Conversation, DamagedRange, HistoryRange, WaitOptions } from "./api.ts"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import { devicesOf } from "./devices.ts"
import { markRead } from "./disappearing.ts"
import { inspectNow } from "./inspect-now.ts"
import { memberOf } from "./member-of.ts"
import type { MemberRole, MissingHistory, NoticeReason, Person, Sent, StoredMessage, TextGap } from "./model.ts"
import { asClientError, toClientError } from "./network-error.ts"
import type { Call } from "./outbox.ts"
import { storedMessage } from "./record-text.ts"
import type { SentRecord } from "./records.ts"
import { resolveUser } from "./resolve.ts"
import { keyPackagesOfAll, suiteOf } from "./change-suite.ts"
import { ROLE_IDS, roleName } from "./role.ts"
import type { RoleName } from "./role.ts"
import { send } from "./send.ts"
import { stateOfSent, unreadableSent } from "./sent-state.ts"
import { textGap } from "./text-gaps.ts"
import { Transaction } from "./transaction.ts"

const DEFAULT_HISTORY = 50
const DEFAULT_WAIT_MS = 30_000
/** Unread messages handed out at one time. */
const UNREAD_LIMIT = 1000
/** As `damagedMessages` promises. */
const DAMAGED_LIMIT = 1000

/** Whose key package was asked for. */
interface Asked {
  readonly identityKey: IdentityKey
  readonly deviceKey: DeviceKey
}

interface CheckedKeyPackage {
  readonly data: Uint8Array
  readonly isLastResort: boolean
}

/** A group as a person sees it: looks everything up when asked, so it never goes stale. */
export class GroupConversation implements Conversation {
  readonly id: GroupId
  readonly #context: Context
  readonly #call: Call

  constructor(context: Context, call: Call, groupId: GroupId) {
    this.#context = context
    this.#call = call
    this.id = groupId
  }

  get name(): string {
    return this.#member().name
  }

  get epoch(): bigint {
    return this.#member().epoch
  }

  get isMember(): boolean {
    return this.#member().isActive
  }

  get isLeaving(): boolean {
    return this.#member().isLeaving
  }

  get hasLeft(): boolean {
    return this.#member().hasLeft
  }

  get missing(): MissingHistory | undefined {
    return this.#context.missing.find(this.id)
  }

  async gaps(): Promise<readonly TextGap[]> {
    const gaps = await this.#context.profile.textGaps(this.id)
    return gaps.map((record) => textGap(this.#context, record))
  }

  get isClosed(): boolean {
    return this.#member().settings?.isClosed === true
  }

  get epochAuthenticator(): Uint8Array {
    return this.#member().epochAuthenticator
  }

  members(): readonly Person[] {
    const { contacts } = this.#context
    return this.#member()
      .members()
      .map(({ identityKey }) => contacts.person(identityKey))
  }

  async invite(username: string): Promise<Sent> {
    const { identityKey } = await resolveUser(this.#context, this.#call, username)
    if (this.#has(identityKey)) {
      const nextStep = "Nothing, if they can read the group. If not, remove them, then invite them again."
      throw new ClientError("group_refused", `${username} is a member already`, { nextStep })
    }
    const cipherSuite = this.suiteId
    const { data } = await asClientError(this.#call(methods.fetchKeyPackage, { identityKey, cipherSuite }))
    const first = this.#checkKeyPackage(data, { identityKey, deviceKey: toDeviceKey(identityKey) }, username)
    const keyPackages = [first, ...(await this.#keyPackagesOfOthers(identityKey, username))]
    const sent = await this.#send({ kind: "invite", keyPackages: keyPackages.map((one) => one.data) })
    if (keyPackages.some(({ isLastResort }) => isLastResort)) await this.#tellOfLastResort(identityKey)
    return sent
  }

  /** One for each device beyond the first; a device without any comes in later, by its owner. */
  async #keyPackagesOfOthers(identityKey: IdentityKey, username: string): Promise<readonly CheckedKeyPackage[]> {
    const keyPackages: CheckedKeyPackage[] = []
    const devices = await devicesOf(this.#context, this.#call, identityKey)
    const active = devices.filter(({ isRevoked }) => !isRevoked).slice(0, DEVICES_PER_PERSON - 1)
    for (const { deviceKey } of active) {
      try {
        const { data } = await this.#call(methods.fetchKeyPackage, {
          identityKey: deviceKey,
          cipherSuite: this.suiteId,
        })
        keyPackages.push(this.#checkKeyPackage(data, { identityKey, deviceKey }, username))
      } catch (error) {
        if (!(error instanceof RpcError) || error.reason !== "key_packages_exhausted") throw toClientError(error)
      }
    }
    return keyPackages
  }

  async remove(username: string): Promise<Sent> {
    const { identityKey } = this.#context.contacts.pinned(username) ?? (await this.#resolve(username))
    if (equalBytes(identityKey, this.#member().self)) {
      const nextStep = "Leave the group instead."
      throw new ClientError("group_refused", "nobody can remove themselves", { nextStep })
    }
    if (!this.#has(identityKey)) {
      const nextStep = "Look at the members first."
      throw new ClientError("group_refused", `${username} is not a member`, { nextStep })
    }
    return this.#send({ kind: "remove", members: [identityKey] })
  }

  roles(): readonly MemberRole[] | undefined {
    const { settings } = this.#member()
    if (settings === undefined) return undefined
    return this.members().map((person) => ({ person, role: roleName(roleOf(settings, person.identityKey)) }))
  }

  async setRole(username: string, role: RoleName): Promise<Sent> {
    const { identityKey } = this.#context.contacts.pinned(username) ?? (await this.#resolve(username))
    const assignments = [{ identityKey, role: ROLE_IDS[role] }]
    return this.#send({ kind: "set_roles", assignments, permissions: new Map() })
  }

  get disappearAfterSeconds(): number {
    return this.#member().settings?.disappearAfterSeconds ?? 0
  }

  setTimer(disappearAfterSeconds: number): Promise<Sent> {
    return this.#send({ kind: "set_timer", disappearAfterSeconds })
  }

  rename(name: string): Promise<Sent> {
    return this.#send({ kind: "rename", name })
  }

  updateKeys(): Promise<Sent> {
    return this.#send({ kind: "update_keys" })
  }

  async leave(successor?: string): Promise<Sent> {
    if (successor === undefined) return this.#send({ kind: "leave" })
    const { identityKey } = this.#context.contacts.pinned(successor) ?? (await this.#resolve(successor))
    if (equalBytes(identityKey, this.#member().self)) {
      const nextStep = "Name another member."
      throw new ClientError("group_refused", "nobody is their own successor", { nextStep })
    }
    return this.#send({ kind: "leave", successor: identityKey })
  }

  get suiteId(): number {
    return this.#member().suiteId
  }

  async changeSuite(suiteId: number): Promise<Sent> {
    const { keyPackages, lastResorts } = await keyPackagesOfAll(this.#context, this.#call, this.#member(), suiteId)
    const sent = await this.#send({ kind: "change_suite", suiteId, keyPackages })
    for (const person of lastResorts) await this.#tellOfLastResort(person)
    return sent
  }

  close(): Promise<Sent> {
    return this.#send({ kind: "close" })
  }

  send(text: string): Promise<Sent> {
    return this.#send({ kind: "text", text })
  }

  async waitAccepted(id: string, options: WaitOptions = {}): Promise<Sent> {
    const latest: { sent?: Sent } = {}
    const listening = this.#context.hub.listen((event) => {
      if (event.kind === "sent" && event.sent.id === id) latest.sent = event.sent
    })
    try {
      const stored = await this.#context.profile.sent(messageId(id))
      if (stored === undefined) throw new RangeError("no message or change of ours has that id")
      if (stored === "damaged") throw unreadableSent()
      latest.sent ??= sentOf(id, stored)
      const { timeoutMs = DEFAULT_WAIT_MS, signal } = options
      await this.#context.pulse.until(() => latest.sent?.state !== "stored", { timeoutMs, signal })
      return delivered(latest.sent)
    } finally {
      listening[Symbol.dispose]()
    }
  }

  async history({ limit = DEFAULT_HISTORY, before }: HistoryRange = {}): Promise<readonly StoredMessage[]> {
    const { profile } = this.#context
    const rows = await profile.messages(this.id, before ?? Number.MAX_SAFE_INTEGER, limit)
    const messages: StoredMessage[] = []
    for (const { position, record } of rows) {
      const state = record.isOwn ? stateOfSent(await profile.sent(record.id)) : { state: "received" as const }
      messages.push(storedMessage(this.#context, this.id, position, record, state))
    }
    return messages
  }

  async damagedMessages({ after = 0, before }: DamagedRange = {}): Promise<readonly number[]> {
    const found: number[] = []
    const { profile } = this.#context
    const from = after === "read" ? await profile.readPosition(this.id) : after
    const range = profile.damagedMessages(this.id, from, before ?? Number.MAX_SAFE_INTEGER)
    for await (const position of range) if (found.push(position) === DAMAGED_LIMIT) break
    return found
  }

  async unread(): Promise<readonly StoredMessage[]> {
    const { profile } = this.#context
    const unread: StoredMessage[] = []
    for await (const { position, record } of profile.messagesAfter(this.id, await profile.readPosition(this.id))) {
      if (record.isOwn) continue
      unread.push(storedMessage(this.#context, this.id, position, record, { state: "received" }))
      if (unread.length === UNREAD_LIMIT) break
    }
    return unread
  }

  markRead(position: number): Promise<void> {
    return this.#context.turn.take(() => markRead(this.#context, this.id, position))
  }

  /**
   * Holds a key package against the device that it was asked for: in the place of the first device's, the package of another one of
   * theirs, a lost one say, would leave the first out and let that one in.
   *
   * @throws ClientError `key_package_refused` if the server handed out another one's, or one that cannot be used
   */
  #checkKeyPackage(data: Uint8Array, asked: Asked, username: string): CheckedKeyPackage {
    const suite = suiteOf(this.#context, this.suiteId)
    const inspected = inspectNow({ ...this.#context, suite }, data)
    const isTheirs = inspected.kind === "valid" && equalBytes(inspected.identityKey, asked.identityKey)
    if (isTheirs && equalBytes(inspected.deviceKey, asked.deviceKey)) {
      return { data, isLastResort: inspected.isLastResort }
    }
    const foreign = isTheirs ? "it is for another device of theirs" : "it is somebody else's"
    const why = inspected.kind === "valid" ? foreign : inspected.reason
    const what = `the server handed out a key package for ${username} that cannot be used (${why})`
    throw new ClientError("key_package_refused", what, {
      nextStep: "Try again, it will be another one; if it stays so, do not trust this server with that name.",
    })
  }

  /** Whoever has the private half of a package that several were invited with can read the beginnings of all their groups. */
  #tellOfLastResort(person: IdentityKey): Promise<void> {
    const { turn } = this.#context
    const reason = "invited_by_last_resort" satisfies NoticeReason
    const notice = { seq: 0n, sizeBytes: 0, groupId: this.id, reason, person }
    return turn.takeAlways(() => Transaction.run(this.#context, "down", async (tx) => tx.notice(notice)))
  }

  #send(content: Parameters<typeof send>[2]): Promise<Sent> {
    return send(this.#context, () => this.#member(), content)
  }

  async #resolve(username: string): Promise<Person> {
    return resolveUser(this.#context, this.#call, username)
  }

  #has(identityKey: IdentityKey): boolean {
    return this.#member()
      .members()
      .some((member) => equalBytes(member.identityKey, identityKey))
  }

  #member(): Member {
    return memberOf(this.#context, this.id)
  }
}

/**
 * Finds a conversation by name, by id in hexadecimal, or by an unambiguous beginning of the id.
 *
 * @throws ClientError `conversation_unknown`, `conversation_ambiguous` with candidates
 */
export function findConversation(conversations: readonly Conversation[], nameOrId: string): Conversation {
  const wanted = nameOrId.toLowerCase()
  const isIdStart = /^[0-9a-f]{4,32}$/.test(wanted)
  // Somebody may name a group like the id of another: only a whole id is beyond doubt.
  const whole = conversations.filter(({ id }) => toHex(id) === wanted)
  const either = conversations.filter(
    ({ id, name }) => name === nameOrId || (isIdStart && toHex(id).startsWith(wanted)),
  )
  const found = whole.length > 0 ? whole : either
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  if (only === undefined) {
    const candidates = conversations.map(label)
    const nextStep =
      candidates.length === 0 ? "Create one or ask to be invited." : `Choose one of: ${candidates.join(", ")}.`
    throw new ClientError("conversation_unknown", `there is no conversation "${nameOrId}"`, { nextStep, candidates })
  }
  // Whoever makes a group chooses its id: only the whole of it tells two apart for certain.
  const candidates = found.map(({ name, id }) => `${name} (${toHex(id)})`)
  throw new ClientError("conversation_ambiguous", `"${nameOrId}" could be one of several conversations`, {
    nextStep: `Use the id instead: ${candidates.join(", ")}.`,
    candidates,
  })
}

/** @throws ClientError `send_failed`, or `timeout` while it is still on its way */
function delivered(sent: Sent): Sent {
  if (sent.state === "accepted") return sent
  if (sent.state === "failed") {
    const { code, nextStep } = sent.failure ?? { code: "unknown", nextStep: "Send it again." }
    throw new ClientError("send_failed", `it was not delivered (${code})`, { nextStep })
  }
  const nextStep = "Nothing; it is on disk and goes out as soon as the server can be reached."
  throw new ClientError("timeout", "the server has not accepted it yet", { nextStep, retryable: true })
}

/** A name that tells conversations of one name apart. */
const label = ({ name, id }: Conversation): string => `${name} (${toHex(id).slice(0, 8)})`

/** @throws RangeError for what is not the text of a UUID */
function messageId(id: string): MessageId {
  return toMessageId(fromHex(id.replaceAll("-", "")))
}

function sentOf(id: string, { state, failure }: SentRecord): Sent {
  return { id, state, ...(failure && { failure }) }
}
