import type { CipherSuite } from "@qpc/crypto"
import type { GroupLimits } from "@qpc/group"
import type { Dial } from "@qpc/transport"
import type { GroupId, Random } from "@qpc/wire"
import type { Clock } from "./clock.ts"
import type { Diagnosis } from "./doctor/finding.ts"
import type { RepairOptions, RepairReport } from "./doctor/repair.ts"
import type { GroupDamage } from "./group-damage.ts"
import type {
  ClientEvent,
  ConnectionState,
  Identity,
  MemberRole,
  MissingHistory,
  Notice,
  Person,
  Sent,
  StoredMessage,
  TextGap,
  SyncReport,
} from "./model.ts"
import type { LinkedDevice } from "./devices.ts"
import type { OpaqueClient } from "./opaque.ts"
import type { RoleName } from "./role.ts"
import type { ServerProof } from "./server-proof.ts"
import type { Store } from "./store.ts"
import type { TraceLine } from "./trace.ts"

/** Bounds of one client. Every queue it keeps is named here. */
export interface ClientLimits {
  /** Unread live events per reader; beyond it the reader's loop throws `events_overflow`. Default 1024. */
  readonly eventsUnread: number
  /** Calls that wait for the store at one time; beyond it a call throws `busy`. Default 1024. */
  readonly callsWaiting: number
  /** Rows in the outbox; beyond it sending throws `busy`. Default 10 000. */
  readonly outboxRows: number
  /** Messages kept for those whose inboxes are full, while all others have them; beyond it they are given up. Default 1000. */
  readonly heldRows: number
  /** How long such a message is kept. Less than the server's retention, or others get it again. Default 3 days. */
  readonly fullInboxMs: number
  /**
   * Rows of one group in the outbox by which we ask others for missing messages, or help them; one more is left out, and whoever waits for
   * it asks another member. Default 64.
   */
  readonly controlRows: number
  /** Gaps of one conversation that are remembered; the oldest goes first: a member can make as many as they write texts. Default 128. */
  readonly gapsKept: number
  /**
   * How long invitations wait for room in somebody's inbox, all of them together, before they fail and other changes of the group have
   * their turn. Default 30 s.
   */
  readonly inviteRoomMs: number
  /** Groups whose outbox is emptied at the same time; within one group one message follows the other. Default 16. */
  readonly outboxLanes: number
  /** Envelopes kept for one group that we have not joined yet. Default 256. */
  readonly parkedPerGroup: number
  /** Groups for which envelopes are kept. Default 64. */
  readonly parkedGroups: number
  /** Bytes of all envelopes that are kept for groups that we have not joined yet. Default 64 MiB. */
  readonly parkedBytes: number
  /** After this a parked envelope is given up with a notice. Default 7 days. */
  readonly parkedMs: number
  /** Notices kept; the oldest goes first. Default 1000. */
  readonly noticesKept: number
  /** Text of one message in UTF-8 bytes. Default 64 KiB. */
  readonly textBytes: number
  /** Epochs of a group that stay readable after their end; the same for all members. Default 3. */
  readonly pastEpochs: number
  /** Key packages that the server should hold for us: of each cipher suite beside the first at most 8. Default 50. */
  readonly keyPackageStock: number
  /** Below this the stock is topped up: of each cipher suite beside the first at most 4. Default 20. */
  readonly keyPackageLow: number
  /**
   * Key packages whose private halves are kept; no more are made until some end or are used, but the first last-resort one of each cipher
   * suite, and its successor when it has ended. Default 1000.
   */
  readonly keyPackagesKept: number
  /** Lifetime of a key package. Default 28 days. */
  readonly keyPackageLifetimeMs: number
  /**
   * Lifetime of the key package that is handed out when all others are used up. It is replaced after its first use, and when a
   * quarter of its life is left. Default 84 days; where the server does not allow that, it is that of the others, if it takes that, and there is room for one
   * more (else the notice `last_resort_refused`).
   */
  readonly lastResortLifetimeMs: number
  /** How long one call to the server may take. Default 30 s. */
  readonly callDeadlineMs: number
  /** So many requests to be let into a lost group again may lead nowhere before this is given up. Default 8. */
  readonly rejoinAttempts: number
  /** The longest wait between two tries to hand a message over. Default 30 s. */
  readonly retryCapMs: number
}

/** What a client is made of. */
export interface ClientOptions {
  /** Open and ours alone; the client closes it. */
  readonly store: Store
  /** Called for every connection and reconnection. */
  readonly dial: Dial
  /** Of new groups, of identities and of what the server signs. */
  readonly suite: CipherSuite
  /** Other suites that groups may be in or change to. Key packages are published for each. Default none. */
  readonly otherSuites?: readonly CipherSuite[]
  readonly random: Random
  readonly clock: Clock
  /** The client closes it. */
  readonly opaque: OpaqueClient
  /** Asked when the server no longer knows the session; without it the client stops with `session_expired`. */
  readonly password?: () => Promise<string>
  /** What `dial` reaches, kept with the identity when registering so that a later start can find it. */
  readonly serverAddress?: string
  /** The longest waits between attempts to connect, first and last, in milliseconds. Default 250, doubling up to 30 000. */
  readonly reconnect?: { readonly baseMs: number; readonly capMs: number }
  /** One line per layer that a message crosses. */
  readonly onTrace?: (line: TraceLine) => void
  readonly limits?: Partial<ClientLimits>
  /** Bounds and times of every group, beside those in `limits`: key updates, warming, attempts. */
  readonly group?: Omit<GroupLimits, "textBytes" | "pastEpochs">
}

/** How far back to read. */
export interface HistoryRange {
  /** Default 50. */
  readonly limit?: number
  /** Only messages at an earlier position. Default: from the newest. */
  readonly before?: number
}

/** Which part of a conversation to look at. */
export interface DamagedRange {
  /** Only messages at a later position; `read` for those behind the one that was marked read last. Default: from the oldest. */
  readonly after?: number | "read"
  /** Only messages at an earlier position. Default: up to the newest. */
  readonly before?: number
}

/** How long to wait. */
export interface WaitOptions {
  /** Default 30 s. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** One group, as a person sees it. Methods reject with `ClientError`. */
export interface Conversation {
  readonly id: GroupId
  readonly name: string
  readonly epoch: bigint
  /** False after somebody removed us, or we left; the history stays. */
  readonly isMember: boolean
  /** True from when we asked to leave until another member has let us go: we write and change nothing meanwhile. */
  readonly isLeaving: boolean
  /** True if we are no member because we left. */
  readonly hasLeft: boolean
  /** What of the group we were away for too long to ever read, the last time that happened. */
  readonly missing: MissingHistory | undefined
  /** Messages that were sent and have not come, oldest first: the newest 128. */
  gaps(): Promise<readonly TextGap[]>
  /** True once an admin closed the group: nobody can write in it or change it any more. */
  readonly isClosed: boolean
  /** RFC 9420 §8.7: equal for two members exactly when they share the epoch's keys. */
  readonly epochAuthenticator: Uint8Array
  members(): readonly Person[]
  /**
   * Looks the user up, takes one of their key packages and stores the commit that adds them.
   *
   * @throws ClientError `user_unknown`, `identity_changed`, `key_packages_exhausted`, `key_package_refused`, `group_refused`
   */
  invite(username: string): Promise<Sent>
  /** @throws ClientError `user_unknown`, `group_refused` */
  remove(username: string): Promise<Sent>
  /** Who may do what; `undefined` in a group of before there were roles, where everybody may do everything. */
  roles(): readonly MemberRole[] | undefined
  /** @throws ClientError `user_unknown`, `group_refused` unless our role allows it, and them no more than us */
  setRole(username: string, role: RoleName): Promise<Sent>
  /** Seconds after which messages disappear once they were read; 0 for never. */
  readonly disappearAfterSeconds: number
  /**
   * Lets messages that are written from then on disappear from all devices, each counting from when they were read there. What was
   * written before stays.
   *
   * @param disappearAfterSeconds - Whole seconds up to 366 days; 0 for never.
   * @throws ClientError `group_refused` @throws RangeError for another number
   */
  setTimer(disappearAfterSeconds: number): Promise<Sent>
  /** @param name - 1 to 256 UTF-16 units. @throws ClientError `group_refused` @throws RangeError for another name */
  rename(name: string): Promise<Sent>
  /**
   * Replaces our keys in the group at once, as is wise when somebody else may have seen this device or its profile: who has what was on
   * it reads nothing that is written from then on. Each month it happens by itself.
   *
   * @throws ClientError `group_refused`
   */
  updateKeys(): Promise<Sent>
  /**
   * Leaves the group. It is done once another member who is online has carried it out; until then it is tried again by itself.
   *
   * @param successor - Who becomes an admin first; the last admin has to name somebody, or close the group.
   * @throws ClientError `user_unknown`, `group_refused` without a successor where one is needed
   */
  leave(successor?: string): Promise<Sent>
  /** The cipher suite of the group: its IANA code point. */
  readonly suiteId: number
  /**
   * Leads the group into another cipher suite; nothing else of it changes. Takes a key package of each other device in the group.
   *
   * @throws ClientError `group_refused` if that suite is not for this group, or not ours to choose; `suite_not_ready` with those whose
   *   devices cannot follow yet
   */
  changeSuite(suiteId: number): Promise<Sent>
  /** Ends the group for everybody and for ever; the history stays. @throws ClientError `group_refused` */
  close(): Promise<Sent>
  /** Seals and stores; the network follows by itself. Resolves when the message is safe on this disk. */
  send(text: string): Promise<Sent>
  /** Resolves when the server accepted it, or for a change of the group when this member made it. @throws ClientError `send_failed`, `timeout` */
  waitAccepted(id: string, options?: WaitOptions): Promise<Sent>
  /** Oldest first; without messages of which what is stored is damaged. */
  history(range?: HistoryRange): Promise<readonly StoredMessage[]>
  /** Where messages are that cannot be read, because what is stored of them is damaged: the first 1000 positions. */
  damagedMessages(range?: DamagedRange): Promise<readonly number[]>
  /**
   * Messages of others behind the one that was marked read last, oldest first, at most 1000: mark them and ask again. Those that cannot be read
   * are not among them; their positions can be marked all the same.
   */
  unread(): Promise<readonly StoredMessage[]>
  /** Remembers that a person has seen everything up to `position`, and lets the time of messages that disappear begin. Never goes back. */
  markRead(position: number): Promise<void>
}

/**
 * A group of which what is stored cannot be used. Nothing of it is sent or received, and nobody can invite us into it unasked; all other groups
 * go on. Methods reject with `ClientError`.
 */
export interface DamagedGroup {
  readonly id: GroupId
  readonly damage: GroupDamage
  /** What a person should do. */
  readonly nextStep: string
  /** What was said there, oldest first, where that can be read. */
  history(range?: HistoryRange): Promise<readonly StoredMessage[]>
  /**
   * Gives up what is damaged, which cannot be taken back. Where that is more than a note beside its keys, they are deleted, our last-resort
   * key packages open this group no more, and others take their place; the history stays, and with the next connection the members are asked
   * to let this device in again.
   *
   * @throws ClientError `group_unsupported` for what a newer program, or another machine, can read
   */
  giveUp(): Promise<void>
}

/** How long a synchronisation goes on. */
export interface SyncOptions {
  /** Give up after this. Default 30 s. */
  readonly waitMs?: number
  /** Go on, even when everything is taken in, until this holds or the time is over. */
  readonly until?: (report: SyncReport) => boolean
  readonly signal?: AbortSignal
}

/** One person on one machine. Methods reject with `ClientError`; a wrong argument throws `RangeError`. */
export interface Client extends AsyncDisposable {
  /**
   * Makes an identity, registers it and logs in. May be repeated after a crash or a lost answer.
   *
   * @throws ClientError `already_registered`, `username_taken`, `username_invalid`
   */
  register(username: string, password: string): Promise<Identity>
  /** @throws ClientError `login_refused`, `identity_missing` */
  login(username: string, password: string): Promise<Identity>
  /**
   * Begins to make this profile another device of a user who is registered elsewhere. {@link login} succeeds once the first device has
   * approved it; until then it throws `device_not_approved`. May be repeated.
   *
   * @returns what to type on the first device
   * @throws ClientError `already_registered` if the profile is somebody's
   */
  requestLink(username: string): Promise<string>
  /**
   * Makes the device of a request one of ours, from the first device. It comes into our groups when it has logged in and we are
   * connected. Whoever typed the request in gets to read what we read from then on: compare {@link Identity.identityKey} on both.
   *
   * @returns its key
   * @throws ClientError `device_refused`
   */
  approveDevice(request: string): Promise<Uint8Array>
  /** Our devices beyond the first. */
  devices(): Promise<readonly LinkedDevice[]>
  /**
   * Takes a device out of all our groups and bars it from the server, from the first device and for ever. What cannot be done now, or
   * fails later, is tried again at each connection, also if this throws because the server cannot be told.
   *
   * @param idStart - At least four digits of its key in hexadecimal.
   * @throws ClientError `device_refused` before anything happened; what keeps the server from hearing of it
   */
  removeDevice(idStart: string): Promise<Uint8Array>
  whoami(): Identity | undefined
  createGroup(name: string): Promise<Conversation>
  conversations(): readonly Conversation[]
  /** Groups that cannot be used, and what to do about it; not among {@link conversations}. */
  damagedGroups(): readonly DamagedGroup[]
  /**
   * By name, by id in hexadecimal, or by an unambiguous beginning of the id.
   *
   * @throws ClientError `conversation_unknown`, `conversation_ambiguous` with candidates; `group_damaged`, `group_unsupported` for the id of a
   *   group that cannot be used
   */
  conversation(nameOrId: string): Conversation
  /** Connects if need be, empties the outbox, takes the inbox in. Throws what needs a person, reports the rest. */
  sync(options?: SyncOptions): Promise<SyncReport>
  /** Connects and stays connected, reconnecting by itself, until the client is closed. */
  connect(): void
  /** From now on. Ends with the signal or the client; throws `events_overflow` if read too slowly. */
  events(signal: AbortSignal): AsyncIterable<ClientEvent>
  readonly connectionState: ConnectionState
  /**
   * The key under which the server signs the log of each group's epochs (docs/epoch-log.md), as it was told at first contact.
   * `undefined` before that. The caller's.
   */
  readonly serverKey: Uint8Array | undefined
  /** Proofs that the server showed two histories of a group; at most one for each group. */
  proofs(): readonly ServerProof[]
  /**
   * Lets groups be changed over the server although {@link proofs} are there. Until then changes are refused with
   * `server_equivocated`; texts never are.
   */
  goOn(): Promise<void>
  /** Newest last. */
  notices(limit?: number): Promise<readonly Notice[]>
  /**
   * Says what is with this profile and each of its groups, from what is stored and what the server answers; without a network from
   * what is stored. Sends and deletes nothing.
   */
  diagnose(): Promise<Diagnosis>
  /** Diagnoses, repairs what can be repaired, and diagnoses again. */
  repair(options?: RepairOptions): Promise<RepairReport>
  /** The pinned key of a name, looked up once. @throws ClientError `user_unknown`, `identity_changed` */
  contact(username: string): Promise<Person>
  /** Ends the connection, waits for what is being written, closes the store. Idempotent. */
  close(): Promise<void>
}
