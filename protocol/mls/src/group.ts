import type { CipherSuite } from "@qpc/crypto"
import { memberOf } from "./apply-proposals.ts"
import { commitCost } from "./commit-cost.ts"
import type { CommitCost } from "./commit-cost.ts"
import type { StateChanges, StateRecord } from "@qpc/wire"
import type { CommitOptions } from "./create-commit.ts"
import { createFirstEpoch } from "./create-group.ts"
import { descend } from "./descend.ts"
import type { Extension } from "./extension.ts"
import type {
  CreateBranchOptions,
  CreateGroupOptions,
  CreateSuccessorOptions,
  Descended,
  InvitedDescendants,
  Joined,
  JoinedExternally,
  JoinExternallyOptions,
  JoinGroupOptions,
  ProtectOptions,
  Staged,
  WakeOptions,
} from "./group-options.ts"
import type { GroupPhase, GroupState } from "./group-state.ts"
import { joinEpoch } from "./join.ts"
import { createExternalCommit } from "./join-externally.ts"
import { exportSecret } from "./key-schedule.ts"
import { limitsWith } from "./limits.ts"
import { clearStaged, mergeStaged, stagedEpoch, zeroGroup } from "./merge.ts"
import { newState } from "./new-state.ts"
import { policyWith } from "./policy.ts"
import { parentOf } from "./parent-group.ts"
import type { Descent, ParentGroup } from "./parent-group.ts"
import type { ReInit } from "./proposal.ts"
import { propose } from "./propose.ts"
import type { Proposed, ProposalToSend, ProposeOptions } from "./propose.ts"
import { publishGroupInfo } from "./publish-group-info.ts"
import type { GroupInfoOptions, PublishedGroupInfo } from "./publish-group-info.ts"
import { receive } from "./receive.ts"
import type { ReceiveOptions } from "./receive.ts"
import type { Received } from "./received.ts"
import { surroundingsOf } from "./restore-state.ts"
import { assertReserved, hasSent, isBehind, reserve, resume } from "./reservation.ts"
import type { ReserveOptions } from "./reservation.ts"
import { sendText } from "./send-text.ts"
import { dropIdleKeys, takeSignatureKeys } from "./signature-keys.ts"
import { stageCommit } from "./stage-commit.ts"
import type { Member, MergeReport, StagedCommit } from "./staged-commit.ts"
import { decodeState, encodeState } from "./state-bytes.ts"
import { stateFromRecords } from "./state-from-records.ts"

const DEFAULT_LIFETIME_MS = 90 * 86_400_000

/**
 * One member's view of one group (RFC 9420).
 *
 * Synchronous and without surroundings: bytes, time and randomness come in, bytes come out. What others sent never makes it
 * throw; misuse throws `RangeError` or `TypeError` before anything changes.
 *
 * **Durability.** Every sending call and every accepted message changes the state. Store {@link takeChanges}, or all of
 * {@link toBytes}, before what was made leaves, and never load an older state than the newest one from which something may
 * have left: it would use keys a second time.
 */
export class Group implements Disposable {
  readonly #state: GroupState
  #isDisposed = false

  private constructor(state: GroupState) {
    this.#state = state
  }

  /** A new group with its creator as the only member (RFC 9420 §11). @throws RangeError for options that contradict */
  static create(options: CreateGroupOptions): Group {
    const epoch = createFirstEpoch({
      ...options,
      policy: policyWith(options.policy),
      lifetimeMs: options.lifetimeMs ?? DEFAULT_LIFETIME_MS,
      extensions: options.extensions ?? [],
      leafExtensions: options.leafExtensions ?? [],
      capabilities: options.capabilities ?? {},
      grease: options.grease,
      membersLimit: limitsWith(options.limits).members,
    })
    return new Group(newState(options, options.suite, epoch))
  }

  /**
   * Enters the group of a Welcome (RFC 9420 §12.4.3.1). Total for foreign bytes.
   *
   * Who the members claim to be is the application's to judge, before it takes part (RFC 9420 §5.3.1).
   *
   * @throws RangeError if `signatureKeys` are not those of the key package
   * @throws TypeError if the parent is a group that we were removed from
   */
  static join(options: JoinGroupOptions): Joined {
    const { suite, welcome, bundles, ratchetTree, psks, isKnownGroup, nowMs } = options
    const [limits, policy] = [limitsWith(options.limits), policyWith(options.policy)]
    const parent = options.parent === undefined ? undefined : parentOf(options.parent.#state, options)
    const about = { suite, welcome, bundles, ratchetTree, psks, isKnownGroup, limits, policy, nowMs, parent }
    const joined = joinEpoch(about)
    if (typeof joined === "string") return { kind: "rejected", reason: joined }
    const group = new Group(newState(options, suite, joined.epoch))
    return { kind: "joined", group, bundle: joined.bundle, addedBy: joined.signer }
  }

  /**
   * Adds ourselves to a group, or replaces our own old appearance, by a commit from outside (RFC 9420 §12.4.3.2). Total for
   * foreign bytes. Members follow it only if their policy allows external commits.
   *
   * @throws RangeError if `signatureKeys` are not a pair
   */
  static joinExternally(options: JoinExternallyOptions): JoinedExternally {
    const { suite } = options
    const created = createExternalCommit({
      ...options,
      ratchetTree: options.ratchetTree,
      leafExtensions: options.leafExtensions ?? [],
      capabilities: options.capabilities ?? {},
      grease: options.grease,
      replaces: options.replaces,
      psks: options.psks ?? [],
      pskLookup: options.pskLookup,
      isKnownGroup: options.isKnownGroup,
      limits: limitsWith(options.limits),
      policy: policyWith(options.policy),
      nowMs: options.nowMs,
    })
    if (typeof created === "string") return { kind: "rejected", reason: created }
    return { kind: "joined", group: new Group(newState(options, suite, created.epoch)), commit: created.commit }
  }

  /**
   * Wakes a stored group, with its pending commit. Generations that {@link reserve} reserved are skipped. Everything is owed to
   * the store then: {@link takeChanges} begins with a whole state.
   *
   * @throws ReservationError if the record is missing, of another group, or older than the state
   * @throws StateVersionError if newer software wrote the state
   * @throws DecodeError if `bytes` are not what {@link toBytes} writes for this suite, or wrote in any version
   * @throws RangeError if the keys passed are not those of our leaf, and of leaves of ours that are on their way
   */
  static fromBytes(suite: CipherSuite, bytes: Uint8Array, surroundings: WakeOptions): Group {
    return Group.#wake(decodeState(surroundingsOf(suite, surroundings), bytes), surroundings)
  }

  /**
   * Wakes a group from all the records that {@link takeChanges} led to; nothing is owed to the store then. Copies.
   *
   * @throws DecodeError unless they are all records of one state of this suite at one time; otherwise as {@link fromBytes}
   */
  static fromRecords(suite: CipherSuite, records: Iterable<StateRecord>, surroundings: WakeOptions): Group {
    return Group.#wake(stateFromRecords(surroundingsOf(suite, surroundings), [...records]), surroundings)
  }

  static #wake(state: GroupState, { signatureKeys, nextSignatureKeys = [], reservation }: WakeOptions): Group {
    if (state.phase !== "removed") takeSignatureKeys(state.suite, state, [signatureKeys, ...nextSignatureKeys])
    resume(state, reservation)
    return new Group(state)
  }

  /** Borrowed: do not write to it. */
  get groupId(): Uint8Array {
    return this.#state.epoch.context.groupId
  }

  get epoch(): bigint {
    return this.#state.epoch.context.epoch
  }

  get ownLeafIndex(): number {
    return this.#state.epoch.keys.leafIndex
  }

  get phase(): GroupPhase {
    return this.#state.phase
  }

  /** What ended the group, once the phase is `replaced`: {@link createSuccessor} makes the group that it names. */
  get reinit(): ReInit | undefined {
    return this.#state.reinit
  }

  /** Extensions of the group context. Borrowed: do not write to them. */
  get extensions(): readonly Extension[] {
    return this.#state.epoch.context.extensions
  }

  /** Our own commit that was neither merged nor cleared, also after {@link fromBytes}. */
  get pendingCommit(): StagedCommit | undefined {
    return this.#state.ownCommit?.staged
  }

  /** True once a key of our ratchets of this epoch was used, for whatever message: to begin the epoch anew would use it again. */
  get hasSent(): boolean {
    return hasSent(this.#state)
  }

  /** Proposals of this epoch that wait for a commit. While there are any, {@link protect} throws (RFC 9420 §12.4). */
  get pendingProposalCount(): number {
    return this.#state.queue.size
  }

  /** All members by leaf index. Takes a walk over the tree. */
  members(): readonly Member[] {
    return Array.from(this.#state.epoch.tree.members(), ({ leafIndex, leafNode }) => memberOf(leafIndex, leafNode))
  }

  /** The member at a leaf, or `undefined` where there is none. */
  member(leafIndex: number): Member | undefined {
    const leafNode = this.#state.epoch.tree.leaf(leafIndex)
    return leafNode && memberOf(leafIndex, leafNode)
  }

  /** True if all members list the extension as known to them, or it is a default one (RFC 9420 §7.2). */
  everyoneSupports(extensionType: number): boolean {
    return this.#state.epoch.tree.index.everyoneSupportsExtension(extensionType)
  }

  /** What our next commit, and the dearest of anybody's, would cost. Takes a walk over the tree. */
  commitCost(): CommitCost {
    return commitCost(this.#state.epoch.tree.root, this.ownLeafIndex)
  }

  /** Equal for all members of one group and epoch (RFC 9420 §8.7), ours or that of `staged`. Owned. @throws TypeError once removed */
  epochAuthenticator(staged?: StagedCommit): Uint8Array {
    // The secrets are gone; zeros would be equal for all who were removed.
    if (this.#state.phase === "removed") throw new TypeError("the group is over for us: removed")
    const epoch = staged === undefined ? this.#state.epoch : stagedEpoch(this.#state, staged)
    return epoch.secrets.epochAuthenticator.slice()
  }

  /**
   * A secret of this epoch for a purpose outside MLS (RFC 9420 §8.5). The caller's to zero.
   * @throws RangeError above 255 × the suite's hash length
   */
  export(label: string, context: Uint8Array, lengthBytes: number): Uint8Array {
    this.#assertActive()
    const { suite, epoch } = this.#state
    return exportSecret(suite, epoch.secrets.exporterSecret, label, context, lengthBytes)
  }

  /**
   * States the current epoch for those outside (RFC 9420 §12.4.3). What it is for is theirs: with `externalPub` they can
   * join by an external commit, as far as the members' policy allows it.
   * @throws TypeError once the group is over for us
   */
  groupInfo(options: GroupInfoOptions = {}): PublishedGroupInfo {
    this.#assertActive()
    return publishGroupInfo(this.#state, options)
  }

  /**
   * Makes the group that takes the place of this one after a ReInit, with all its members (RFC 9420 §11.2).
   *
   * @throws TypeError unless the phase is `replaced`, or will be by `staged`
   * @throws RangeError for options that contradict what the ReInit named
   */
  createSuccessor(options: CreateSuccessorOptions): Descended {
    const parent = parentOf(this.#state, options)
    const { reinit } = parent.state
    if (reinit === undefined) throw new TypeError("no ReInit has ended the group")
    if (reinit.cipherSuite !== options.suite.id) throw new RangeError("the ReInit names another cipher suite")
    const { groupId, extensions } = reinit
    return Group.#descend(Group.create({ ...options, groupId, extensions }), parent, "reinit", options)
  }

  /**
   * Makes a group of some members of this one, bound to its current epoch (RFC 9420 §11.3).
   * @throws TypeError once the group is over for us
   */
  createBranch(options: CreateBranchOptions): Descended {
    this.#assertActive()
    const parent = parentOf(this.#state, options)
    return Group.#descend(Group.create({ ...options, suite: this.#state.suite }), parent, "branch", options)
  }

  /**
   * Seals an application message: an MLSMessage of a PrivateMessage (RFC 9420 §6.3).
   * @throws TypeError once the group is over for us, and while proposals wait for a commit (RFC 9420 §12.4)
   * @throws EncryptionLimitError once the epoch has encrypted what it may (RFC 9420 §15.2)
   */
  protect(plaintext: Uint8Array, options: ProtectOptions): Uint8Array {
    this.#assertActive()
    return sendText(this.#state, plaintext, options)
  }

  /**
   * Makes a commit and holds what it leads to until it is merged or cleared (RFC 9420 §12.4.1). Of ours there is one at a
   * time. It is refused where others would reject it; the key of a private message is used up either way.
   *
   * @throws TypeError once the group is over for us
   */
  stageCommit(options: CommitOptions): Staged {
    this.#assertActive()
    return stageCommit(this.#state, options)
  }

  /** Sends a proposal for somebody's commit (RFC 9420 §12.1). @throws TypeError once the group is over for us */
  propose(wanted: ProposalToSend, options: ProposeOptions): Proposed {
    this.#assertActive()
    assertReserved(this.#state, options.wireFormat === "public" ? undefined : "handshake")
    return propose(this.#state, wanted, options)
  }

  /** Forgets the proposals of this epoch. A commit that refers to one cannot be followed afterwards. */
  dropProposals(): void {
    this.#state.queue.clear()
    dropIdleKeys(this.#state)
  }

  /** Takes in what claims to be a message of the group. Total for foreign bytes; nothing changes unless it is accepted. */
  receive(message: Uint8Array, nowMs: number, options: ReceiveOptions = {}): Received {
    return receive(this.#state, message, { ...options, nowMs })
  }

  /**
   * Takes a staged commit into effect; all others of the epoch are void then.
   * @throws TypeError unless it was staged in this epoch of this group and neither merged nor cleared
   */
  merge(staged: StagedCommit): MergeReport {
    return mergeStaged(this.#state, staged)
  }

  /**
   * Drops a staged commit. Another attempt gets another generation, and with a path new keys.
   * @throws TypeError unless it was staged in this epoch of this group and neither merged nor cleared
   */
  clear(staged: StagedCommit): void {
    clearStaged(this.#state, staged)
  }

  /**
   * Announces that more generations of the epoch will be used. Store the record that it returns, in place of the one before,
   * **before** anything is sent; see `reservation.ts`. @throws RangeError for too many @throws TypeError while {@link isBehind}
   */
  reserve(options: ReserveOptions): Uint8Array {
    this.#assertActive()
    return reserve(this.#state, options)
  }

  /** True while the state is older than the record it was woken with. It must follow the group before it can speak. */
  get isBehind(): boolean {
    return isBehind(this.#state)
  }

  /**
   * What is to be stored since the last time, secrets included: O(log n) bytes for a message and for a commit of n members,
   * beside whom it adds; everything the first time. Delete what is deleted here: a message that was read stays unreadable so.
   * What could not be stored is not lost: it is owed until {@link StateChanges.stored}. @throws TypeError once disposed of
   */
  takeChanges(): StateChanges {
    return this.#alive().records.take()
  }

  /** All records there are: what a store has of us once nothing is owed. @throws TypeError once disposed of */
  records(): Iterable<StateRecord> {
    return this.#alive().records.snapshot()
  }

  /** The whole state, versioned, secrets included; the signature key is not in it. @throws TypeError once disposed of */
  toBytes(): Uint8Array {
    return encodeState(this.#alive())
  }

  /** Zeroes all keys. Nothing works afterwards. */
  [Symbol.dispose](): void {
    zeroGroup(this.#state)
    this.#state.signaturePrivateKey.fill(0)
    this.#state.phase = "removed"
    this.#state.reinit = undefined
    this.#isDisposed = true
  }

  static #descend(
    child: Group,
    parent: ParentGroup,
    usage: Descent,
    options: InvitedDescendants & Pick<CreateGroupOptions, "random" | "nowMs">,
  ): Descended {
    const { keyPackages: adds, ...invitation } = options
    const made = descend(child.#state, parent, usage, { ...invitation, adds, authenticatedData: new Uint8Array(0) })
    if (typeof made !== "string") {
      return { kind: "created", group: child, welcome: made.welcome, ratchetTree: made.ratchetTree }
    }
    child[Symbol.dispose]()
    return { kind: "refused", reason: made }
  }

  #assertActive(): void {
    const { phase } = this.#state
    if (phase !== "active") throw new TypeError(`the group is over for us: ${phase}`)
  }

  /** A store that was told what is left of a disposed group would forget the group. */
  #alive(): GroupState {
    if (this.#isDisposed) throw new TypeError("the group was disposed of")
    return this.#state
  }
}
