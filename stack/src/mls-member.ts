import { platform } from "#platform"
import type { KeyPair } from "@qpc/crypto"
import { paddedBytes } from "@qpc/envelope"
import type { Opened } from "@qpc/gbp"
import { createKeyPackage, DEFAULT_LIMITS, Group } from "@qpc/mls"
import type { KeyPackageBundle, Member, StagedCommit } from "@qpc/mls"
import { equalBytes, toUtf8 } from "@qpc/wire"
import { bareKeyPackage, keyPackageMessage } from "./key-package-format.ts"
import { memberIdExtension } from "./member-id-extension.ts"
import { MemberRun } from "./member-run.ts"
import { decodeMlsState, encodeMlsState } from "./mls-state.ts"
import { openRejection } from "./open-rejection.ts"
import { refusalOfCommit, refusalOfSignedIds } from "./signed-member-ids.ts"
import { StackError } from "./stack-error.ts"

/** OpenMLS, on which the published stack stands, refuses leaves that claim to be valid for more than 84 days. */
const LIFETIME_MS = 80 * 86_400_000
const GROUP_ID_BYTES = 16
/** As long as audio keys last, which is longer than MLS keeps its own: until then we know who had a leaf. */
const LEAF_MEMORY_EPOCHS = 16n
const NOTHING = new Uint8Array(0)

/** Who a member is, and its clock. */
interface Self {
  readonly identity: string
  readonly memberId: number | undefined
  /** Owned. */
  readonly signatureKeys: KeyPair
  /** Unix time in milliseconds. */
  readonly unixMs: () => number
  readonly run: MemberRun
}

/** What a commit of ours is to do. */
interface Change {
  /** Bare or as MLSMessages. */
  readonly adds?: readonly Uint8Array[]
  readonly removes?: readonly number[]
}

/** A commit of ours that took effect. */
interface OwnMerge {
  readonly epoch: bigint
  /** Members of the epoch before who are still there, beside us. */
  readonly stayed: number
}

/** The MLS state behind an `MlsContext`: a group, the key package that waits for a Welcome, and the commits that are staged. */
export class MlsMember implements Disposable {
  readonly #self: Self
  #group: Group
  #bundle: KeyPackageBundle | undefined
  #received: { readonly staged: StagedCommit; readonly hash: Uint8Array } | undefined
  #ownMerge: OwnMerge | undefined
  /** From this epoch on we know of each leaf since when it is its member's. */
  #knownSince: bigint
  /** Leaves that have been given to somebody, or new signature keys, since then: in which epoch last. */
  readonly #givenIn = new Map<number, bigint>()
  #isClosed = false
  #mediaKeys: Disposable | undefined

  private constructor(self: Self, group: Group, bundle: KeyPackageBundle | undefined) {
    this.#self = self
    this.#group = group
    this.#bundle = bundle
    this.#knownSince = group.epoch
  }

  /** A new group of one. @throws RangeError for a member id that is none, or an identity that has no UTF-8 encoding */
  static create({ identity, memberId, unixMs }: Omit<Self, "signatureKeys" | "run">): MlsMember {
    const { random } = platform
    const suite = platform.suite()
    const leaf = leafOf({ identity, memberId })
    const signatureKeys = suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes))
    const about = { suite, random, signatureKeys, ...leaf, nowMs: unixMs(), lifetimeMs: LIFETIME_MS }
    const group = Group.create({ ...about, groupId: random(GROUP_ID_BYTES) })
    return new MlsMember({ identity, memberId, signatureKeys, unixMs, run: MemberRun.first() }, group, undefined)
  }

  /** @throws StackError `bad_state` */
  static restore(state: Uint8Array, unixMs: () => number): MlsMember {
    const { bundle, group, run, ...self } = decodeMlsState(platform.suite(), state)
    return new MlsMember({ ...self, unixMs, run: MemberRun.after(run) }, group, bundle)
  }

  get run(): MemberRun {
    return this.#self.run
  }

  /** Holds keys for media until it gets others, is in another epoch or group, or is disposed of itself. */
  holdMediaKeys(keys: Disposable): void {
    this.#mediaKeys?.[Symbol.dispose]()
    this.#mediaKeys = keys
  }

  /** False once we were removed. */
  get isActive(): boolean {
    return this.#group.phase === "active"
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get memberId(): number | undefined {
    return this.#self.memberId
  }

  get identity(): string {
    return this.#self.identity
  }

  /** Borrowed. */
  get groupId(): Uint8Array {
    return this.#group.groupId
  }

  get epoch(): bigint {
    return this.#group.epoch
  }

  get ownLeafIndex(): number {
    return this.#group.ownLeafIndex
  }

  /** The commit that waits to be merged or cleared: somebody's, if there is one, and ours otherwise. */
  get staged(): StagedCommit | undefined {
    return this.#received?.staged ?? this.#group.pendingCommit
  }

  /** The last commit of ours that took effect, unless somebody else's came after it. */
  get ownMerge(): OwnMerge | undefined {
    return this.#ownMerge?.epoch === this.#group.epoch ? this.#ownMerge : undefined
  }

  /** Members of the current epoch. Takes a walk over the tree. */
  members(): readonly Member[] {
    return this.#group.members()
  }

  /**
   * Who had, has, or will have a leaf: in a past epoch, the current one, or that which the staged commit leads to. `undefined` for nobody,
   * for somebody who is not there any more, and where it is not known any more.
   */
  member(leafIndex: number, epoch: bigint = this.epoch): Member | undefined {
    if (epoch > this.epoch) return this.#nextMember(leafIndex)
    const isOther = epoch < this.#knownSince || (this.#givenIn.get(leafIndex) ?? 0n) > epoch
    return isOther ? undefined : this.#group.member(leafIndex)
  }

  /** The oldest epoch whose messages may open. */
  get oldestEpoch(): bigint {
    const oldest = this.epoch - BigInt(DEFAULT_LIMITS.pastEpochs)
    return oldest < this.#knownSince ? this.#knownSince : oldest
  }

  /** The newest epoch whose messages open: that of the staged commit, unless it removes us. */
  get newestEpoch(): bigint {
    return this.#openable === undefined ? this.epoch : this.epoch + 1n
  }

  /** Our key package, bare; the same until a Welcome used it up, or its time is over. */
  exportKeyPackage(): Uint8Array {
    const nowMs = this.#self.unixMs()
    const { signatureKeys } = this.#self
    const about = { suite: platform.suite(), random: platform.random, signatureKeys, ...leafOf(this.#self) }
    if (this.#bundle !== undefined && isExpired(this.#bundle, nowMs)) this.#forgetBundle()
    this.#bundle ??= createKeyPackage({ ...about, nowMs, lifetimeMs: LIFETIME_MS })
    return bareKeyPackage(this.#bundle.keyPackage)
  }

  /**
   * Makes a commit and stages it.
   *
   * @throws StackError `commit_pending`, `bad_key_package`, `commit_refused`, `removed`
   */
  stage({ adds = [], removes = [] }: Change): {
    readonly commit: Uint8Array
    readonly welcome: Uint8Array | undefined
  } {
    this.#assertMember()
    const staged = this.#group.stageCommit({
      adds: adds.map(keyPackageMessage),
      removes,
      authenticatedData: NOTHING,
      random: platform.random,
      nowMs: this.#self.unixMs(),
    })
    if (staged.kind === "refused") throw refusedCommit(staged.reason)
    const refusal = refusalOfCommit(this.#group.members(), staged.staged.report)
    if (refusal !== undefined) {
      this.#group.clear(staged.staged)
      throw refusedCommit(refusal)
    }
    return { commit: staged.commit, welcome: staged.welcome }
  }

  /** Stages somebody's commit, or recognises ours. @throws StackError `bad_message`, `commit_pending` */
  process(message: Uint8Array): void {
    if (this.#received !== undefined) {
      throw new StackError(
        "commit_pending",
        "a received commit waits: call finalizeCommit() or clearPendingCommit() first",
      )
    }
    const received = this.#group.receive(message, this.#self.unixMs(), { only: "commit" })
    if (received.kind === "rejected") throw refusedMessage(received.reason)
    if (received.kind !== "commit") return
    const refusal = refusalOfCommit(this.#group.members(), received.staged.report)
    if (refusal !== undefined) {
      this.#group.clear(received.staged)
      throw refusedMessage(refusal)
    }
    this.#received = { staged: received.staged, hash: this.hash(message) }
  }

  /** The hash of the suite, SHA-256. */
  hash(bytes: Uint8Array): Uint8Array {
    return platform.suite().hash(bytes)
  }

  /** True if somebody's commit is staged: {@link finalize} takes that one into effect. */
  get hasReceived(): boolean {
    return this.#received !== undefined
  }

  /** True if somebody's commit with this hash is staged. */
  holdsReceived(hash: Uint8Array): boolean {
    return this.#received !== undefined && equalBytes(this.#received.hash, hash)
  }

  /** True for the very commit of ours that waits, unless somebody else's waits beside it: that one would be merged. Changes nothing. */
  isOwnPending(commit: Uint8Array): boolean {
    if (this.#received !== undefined || this.#group.pendingCommit === undefined) return false
    return this.#group.receive(commit, this.#self.unixMs(), { only: "commit" }).kind === "own_commit"
  }

  /** Takes the staged commit into effect; nothing happens where there is none. */
  finalize(): void {
    const { staged } = this
    if (staged === undefined) return
    const stayed = this.stayedBeside(staged)
    const { added, updated } = staged.report
    const isOther = ({ leafIndex, signatureKey }: Member): boolean =>
      !equalBytes(this.#group.member(leafIndex)?.signatureKey ?? NOTHING, signatureKey)
    const given = [...added, ...updated].filter(isOther)
    const { epoch } = this.#group.merge(staged)
    this.#mediaKeys?.[Symbol.dispose]()
    for (const { leafIndex } of given) this.#givenIn.set(leafIndex, epoch)
    for (const [leafIndex, since] of this.#givenIn)
      if (since < epoch - LEAF_MEMORY_EPOCHS) this.#givenIn.delete(leafIndex)
    this.#ownMerge = staged.kind === "own" ? { epoch, stayed: stayed.length } : undefined
    this.#received = undefined
  }

  /** Drops all staged commits. */
  clear(): void {
    if (this.#received !== undefined) this.#group.clear(this.#received.staged)
    this.#received = undefined
    const own = this.#group.pendingCommit
    if (own !== undefined) this.#group.clear(own)
  }

  /** The leaves of members whom a staged commit leaves in the group, ours excepted. */
  stayedBeside({ report }: StagedCommit): readonly number[] {
    const gone = new Set([this.ownLeafIndex, ...report.removed.map(({ leafIndex }) => leafIndex)])
    return this.#group.members().flatMap(({ leafIndex }) => (gone.has(leafIndex) ? [] : [leafIndex]))
  }

  /** Enters the group of a Welcome in place of ours, and forgets the key package. @throws StackError `bad_welcome` */
  join(welcome: Uint8Array): void {
    const bundles = this.#bundle === undefined ? [] : [this.#bundle]
    const { signatureKeys } = this.#self
    const nowMs = this.#self.unixMs()
    const joined = Group.join({ suite: platform.suite(), welcome, bundles, signatureKeys, nowMs })
    if (joined.kind === "rejected") throw refusedWelcome(joined.reason)
    const refusal = refusalOfSignedIds(joined.group.members())
    if (refusal !== undefined) {
      joined.group[Symbol.dispose]()
      throw refusedWelcome(refusal)
    }
    this.#mediaKeys?.[Symbol.dispose]()
    this.#group[Symbol.dispose]()
    this.#group = joined.group
    this.#knownSince = joined.group.epoch
    this.#givenIn.clear()
    this.#received = undefined
    this.#ownMerge = undefined
    this.#forgetBundle()
  }

  /** MLS-Exporter of the current epoch (RFC 9420 §8.5). The caller's to zero. @throws StackError `removed` */
  exportSecret(label: string, context: Uint8Array, lengthBytes: number): Uint8Array {
    this.#assertMember()
    return this.#group.export(label, context, lengthBytes)
  }

  /** A PrivateMessage (RFC 9420 §6.3), padded. @throws StackError `removed` */
  seal(plaintext: Uint8Array, authenticatedData: Uint8Array): Uint8Array {
    this.#assertMember()
    return this.#group.protect(plaintext, { authenticatedData, paddedBytes, random: platform.random })
  }

  /** Opens an application message. Total for foreign bytes. */
  open(sealed: Uint8Array, authenticatedData: Uint8Array): Opened {
    const received = this.#group.receive(sealed, this.#self.unixMs(), {
      only: "application",
      authenticatedData,
      staged: this.#openable,
    })
    if (received.kind === "rejected") return { kind: "rejected", reason: openRejection(received.reason) }
    if (received.kind !== "application") throw new Error("unreachable: only application messages are opened")
    const { senderLeafIndex, epoch, plaintext } = received
    return { kind: "opened", senderLeafIndex, epoch, plaintext }
  }

  /** Private keys included. */
  export(): Uint8Array {
    const { identity, memberId, signatureKeys, run } = this.#self
    const parts = { identity, memberId, signatureKeys, bundle: this.#bundle, group: this.#group }
    const stored = { ...parts, run: run.store() }
    return encodeMlsState(platform.suite(), stored)
  }

  /** Zeroes all keys. */
  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#mediaKeys?.[Symbol.dispose]()
    this.#group[Symbol.dispose]()
    this.#forgetBundle()
    this.#self.signatureKeys.privateKey.fill(0)
  }

  get #openable(): StagedCommit | undefined {
    const { staged } = this
    return staged?.report.selfRemoved === true ? undefined : staged
  }

  #nextMember(leafIndex: number): Member | undefined {
    const at = (members: readonly Member[]): Member | undefined =>
      members.find((member) => member.leafIndex === leafIndex)
    const report = this.#openable?.report
    if (report === undefined) return undefined
    const next = at(report.added) ?? at(report.updated)
    return next ?? (at(report.removed) === undefined ? this.#group.member(leafIndex) : undefined)
  }

  #forgetBundle(): void {
    this.#bundle?.[Symbol.dispose]()
    this.#bundle = undefined
  }

  #assertMember(): void {
    if (!this.isActive) {
      throw new StackError("removed", "this member is out of the group: join again with a new key package")
    }
  }
}

function leafOf({ identity, memberId }: Pick<Self, "identity" | "memberId">) {
  if (!identity.isWellFormed()) throw new RangeError("an identity with a lone surrogate has no UTF-8 encoding")
  return {
    credential: { kind: "basic", identity: toUtf8(identity) },
    leafExtensions: memberId === undefined ? [] : [memberIdExtension(memberId)],
  } as const
}

function isExpired({ decoded }: KeyPackageBundle, nowMs: number): boolean {
  const { leafNodeSource } = decoded.leafNode
  return leafNodeSource.kind === "key_package" && BigInt(Math.floor(nowMs / 1000)) > leafNodeSource.lifetime.notAfter
}

function refusedCommit(reason: string): StackError {
  if (reason === "commit_pending") {
    return new StackError("commit_pending", "a commit waits: call finalizeCommit() or clearPendingCommit() first")
  }
  const isKeyPackage = reason.startsWith("key_package")
  return isKeyPackage
    ? new StackError("bad_key_package", "the key package cannot be invited: ask its owner for a new one", { reason })
    : new StackError("commit_refused", "the group cannot be changed so", { reason })
}

function refusedMessage(reason: string): StackError {
  return new StackError("bad_message", "this is no commit that the group can follow", { reason })
}

function refusedWelcome(reason: string): StackError {
  const message = "the Welcome does not open: it has to be for the newest exportKeyPackage() of this context, unused"
  return new StackError("bad_welcome", message, { reason })
}
