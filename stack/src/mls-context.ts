import { platform } from "#platform"
import { MlsMember } from "./mls-member.ts"
import { StackError } from "./stack-error.ts"

/** What {@link MlsContext.create} may be told. */
export interface MlsContextOptions {
  /**
   * Our member id, below 1 000 000, to be signed into our leaf: everybody then knows from the beginning who we are, and nobody else
   * can take the id. Peers on OpenMLS, such as the published stack, refuse leaves with extensions that they do not know: leave it
   * out for them.
   */
  readonly memberId?: number
  /** Unix time in milliseconds, for the lifetimes of key packages. Default the system's clock. */
  readonly unixMs?: () => number
}

/** Both halves of a commit that invites. */
export interface Invitation {
  /** For everybody who is a member already: {@link MlsContext.processMessage}. */
  readonly commit: Uint8Array
  /** For the newcomers: {@link MlsContext.acceptWelcome}. */
  readonly welcome: Uint8Array
}

/** What {@link MlsContext.processMessage} can have processed. It is always a commit; the other words are those of the published package. */
export type ProcessedKind = "commit" | "application" | "proposal" | "external"

/**
 * The keys of a group (MLS, RFC 9420) as one member has them. A new context is a group of one; {@link acceptWelcome} puts another
 * in its place.
 *
 * Suite 0x0001, basic credentials, group ids of 16 bytes. Close it when it is no longer needed: its keys are zeroed then.
 */
export class MlsContext implements Disposable {
  readonly #member: MlsMember

  private constructor(member: MlsMember) {
    this.#member = member
    members.set(this, member)
  }

  /**
   * A new group of one, in epoch 0.
   *
   * @param identity - Who we say to be. Nobody checks it: compare it, or the signature keys, by other means.
   * @throws RangeError for a member id that is none; StackError `not_ready` in a browser before `ready()`
   */
  static create(identity: string, { memberId, unixMs = platform.unixMs }: MlsContextOptions = {}): MlsContext {
    return new MlsContext(MlsMember.create({ identity, memberId, unixMs }))
  }

  /**
   * The context that {@link exportState} stored. Never restore a state older than the newest one from which anything may have been
   * sent: its keys would be used a second time.
   *
   * @param identity - If given, the state has to be of this identity.
   * @throws StackError `bad_state`
   */
  static restoreState(
    state: Uint8Array,
    identity = "",
    { unixMs = platform.unixMs }: Pick<MlsContextOptions, "unixMs"> = {},
  ): MlsContext {
    const member = MlsMember.restore(state, unixMs)
    if (identity !== "" && identity !== member.identity) {
      member[Symbol.dispose]()
      throw new StackError("bad_state", "the state is another identity's")
    }
    return new MlsContext(member)
  }

  get identity(): string {
    return this.#member.identity
  }

  /** Our member id, where our leaf signs it. */
  get memberId(): number | undefined {
    return this.#member.memberId
  }

  get epoch(): bigint {
    return memberOf(this).epoch
  }

  /** 16 bytes, a copy. */
  get groupId(): Uint8Array {
    return memberOf(this).groupId.slice()
  }

  /** Where we are in the tree: what {@link removeMember} of somebody else wants. */
  get leafIndex(): number {
    return memberOf(this).ownLeafIndex
  }

  /**
   * What others need to invite us. It stays the same until a Welcome used it up: one key package is for one group. Its private half
   * is in this context.
   */
  exportKeyPackage(): Uint8Array {
    return memberOf(this).exportKeyPackage()
  }

  /**
   * Invites somebody while we are alone, and takes it into effect at once.
   *
   * @returns the Welcome
   * @throws StackError `commit_would_be_lost` once there are other members: use {@link inviteFull}; `bad_key_package`
   */
  invite(keyPackage: Uint8Array): Uint8Array {
    const member = memberOf(this)
    if (member.members().length > 1) {
      const message =
        "other members need the commit, which invite() keeps to itself: use inviteFull() and give it to them"
      throw new StackError("commit_would_be_lost", message)
    }
    const { welcome } = this.inviteMany([keyPackage])
    member.finalize()
    return welcome
  }

  /** {@link inviteMany} for one. */
  inviteFull(keyPackage: Uint8Array): Invitation {
    return this.inviteMany([keyPackage])
  }

  /**
   * Stages a commit that invites all of them, with one Welcome for all. Nothing has changed before {@link finalizeCommit}; hand
   * out the Welcome only then.
   *
   * @param keyPackages - At least one, each as {@link exportKeyPackage} gives it, or as an MLSMessage.
   * @throws StackError `commit_pending`, `bad_key_package`, `commit_refused`
   */
  inviteMany(keyPackages: readonly Uint8Array[]): Invitation {
    if (keyPackages.length === 0) throw new RangeError("there is nobody to invite")
    const { commit, welcome } = memberOf(this).stage({ adds: keyPackages })
    if (welcome === undefined) throw new Error("unreachable: whoever is added gets a Welcome")
    return { commit, welcome }
  }

  /** {@link removeMembers} for one. */
  removeMember(leafIndex: number): Uint8Array {
    return this.removeMembers([leafIndex])
  }

  /**
   * Stages a commit that removes all of them, and returns it for everybody else. Members who are gone belong into one commit: each is
   * waited for by commits that do not remove it.
   *
   * @param leafIndexes - At least one, none twice.
   * @throws StackError as {@link inviteMany}
   */
  removeMembers(leafIndexes: readonly number[]): Uint8Array {
    if (leafIndexes.length === 0) throw new RangeError("there is nobody to remove")
    return memberOf(this).stage({ removes: leafIndexes }).commit
  }

  /**
   * Checks somebody's commit and stages it. Nothing has changed before {@link finalizeCommit}.
   *
   * @throws StackError `bad_message` for anything else: frames go to `GroupNode.onWire`; `commit_pending`
   */
  processMessage(message: Uint8Array): ProcessedKind {
    memberOf(this).process(message)
    return "commit"
  }

  /** Takes the staged commit into effect: the epoch goes on by one. Does nothing where nothing is staged. */
  finalizeCommit(): void {
    memberOf(this).finalize()
  }

  /** Drops whatever is staged. */
  clearPendingCommit(): void {
    memberOf(this).clear()
  }

  /** Enters the group of a Welcome; the group until now is forgotten. @throws StackError `bad_welcome` */
  acceptWelcome(welcome: Uint8Array): void {
    memberOf(this).join(welcome)
  }

  /**
   * Everything there is, **private keys included**: encrypt it before it is stored. Store it before anything that was made since the
   * last time is sent.
   */
  exportState(): Uint8Array {
    return memberOf(this).export()
  }

  /** Zeroes all keys. Nothing works afterwards; closing twice is fine. */
  close(): void {
    this.#member[Symbol.dispose]()
  }

  /** {@link close}. */
  dispose(): void {
    this.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** What is behind each context, for the other parts of this library. */
const members = new WeakMap<MlsContext, MlsMember>()

/** The state behind a context. @throws StackError `closed` */
export function memberOf(context: MlsContext): MlsMember {
  const member = members.get(context)
  if (member === undefined) throw new TypeError("not an MlsContext")
  if (member.isClosed) throw new StackError("closed", "the MLS context was closed")
  return member
}
