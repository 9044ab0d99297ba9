import type { CipherSuite } from "@qpc/crypto"
import { encodeControl, FRAME_MAX_BYTES } from "@qpc/gbp"
import type { ControlMessage, LiveGroup, MemberChanges, Receiver, Sender, StagedOwn } from "@qpc/gbp"
import type { Group, Member, OfferedProposal, StagedCommit } from "@qpc/mls"
import type { Random } from "@qpc/wire"
import { requirementsOf, signedCapabilities, unmetRequirements } from "../capabilities-extension.ts"
import type { LiveChange } from "./live-change.ts"
import { areSameExtensions, leavesSayTheSame } from "./live-leaf.ts"
import { decodeLiveCommit, encodeLiveCommit, UPDATE_MAX_BYTES } from "./live-commit.ts"
import type { LiveKeys } from "./live-keys.ts"
import type { LiveRenewal } from "./live-renewal.ts"

const NOTHING = new Uint8Array(0)
/** What a frame can hold of a commit, beside what it is wrapped in and padded with. */
const COMMIT_MAX_BYTES = FRAME_MAX_BYTES - 128 * 1024

/** What {@link LiveMlsGroup} stands on. */
interface LiveMlsOptions {
  readonly suite: CipherSuite
  readonly random: Random
  /** Says whether somebody may be in the group. */
  readonly accepts: (newcomer: Member) => boolean
  readonly group: Group
  readonly keys: LiveKeys
  readonly sender: Sender
  readonly receiver: Receiver
  readonly renewal: LiveRenewal
}

/** An MLS group as the live control plane asks for it. */
export class LiveMlsGroup implements LiveGroup<LiveChange> {
  readonly #options: LiveMlsOptions

  constructor(options: LiveMlsOptions) {
    this.#options = options
  }

  get epoch(): bigint {
    return this.#options.keys.epoch
  }

  get memberIds(): readonly number[] {
    return this.#options.keys.roster.memberIds
  }

  stageOwn(change: LiveChange): StagedOwn | { readonly kind: "done" } | { readonly kind: "refused" } {
    const { group, keys, random } = this.#options
    const update = change.kind === "update_leaf" ? change.update : undefined
    // Of an epoch that is over: its author asks again.
    const isOver = change.kind === "update_leaf" && !this.#queue(change.update, keys.roster.leafOf(change.memberId))
    if (isOver) return { kind: "done" }
    const ids = change.kind === "remove" ? change.memberIds : []
    const removes = ids.map((memberId) => keys.roster.leafOf(memberId)).filter((leaf) => leaf !== undefined)
    if (change.kind === "remove" && removes.length === 0) return { kind: "done" }
    const made = group.stageCommit({
      adds: change.kind === "add" ? [change.keyPackage] : [],
      removes,
      // Without fresh secrets, the same newcomer invited again after a try that failed would come into the same epoch again, and
      // seal a second time with the keys of the first.
      forcePath: true,
      authenticatedData: NOTHING,
      random,
      nowMs: keys.nowMs,
      // It travels in a frame that is sealed and padded.
      wireFormat: "public",
    })
    // While there are any, nothing can be sealed.
    group.dropProposals()
    if (made.kind === "refused") return { kind: "refused" }
    const commit = encodeLiveCommit({ commit: made.commit, update })
    if (commit.length > COMMIT_MAX_BYTES || made.leftOut.length > 0) {
      group.clear(made.staged)
      return { kind: "refused" }
    }
    const changes = this.#hold(made.staged)
    if (changes === undefined) return { kind: "refused" }
    return { kind: "staged", commit, welcome: made.welcome, ...changes }
  }

  stageReceived(bytes: Uint8Array, senderId: number): MemberChanges | undefined {
    const { group, keys } = this.#options
    const parts = decodeLiveCommit(bytes)
    if (parts === undefined) return undefined
    if (parts.update !== undefined && !this.#queue(parts.update)) return undefined
    const received = group.receive(parts.commit, keys.nowMs, { only: "commit" })
    group.dropProposals()
    if (received.kind !== "commit") return undefined
    const { staged, senderLeafIndex } = received
    if (keys.roster.memberIdOf(senderLeafIndex) === senderId) return this.#hold(staged)
    group.clear(staged)
    return undefined
  }

  merge(): void {
    const { keys, renewal } = this.#options
    renewal.merged(keys.merge())
  }

  clear(): void {
    const { keys, receiver } = this.#options
    keys.clear()
    receiver.forgetFrom(keys.epoch + 1n)
  }

  /** @throws RangeError after 2^32 frames of control in one epoch */
  seal(message: ControlMessage): Uint8Array {
    const framed = this.#options.sender.send({ streamType: "control", payload: encodeControl(message) })
    if (framed.kind === "refused") throw new RangeError(`a control message cannot be sent: ${framed.reason}`)
    return framed.bytes
  }

  hash(bytes: Uint8Array): Uint8Array {
    return this.#options.suite.hash(bytes)
  }

  /** Holds an Update for the commit that refers to it, ours among them. Returns false for anything else, and of another leaf than asked for. */
  #queue(update: Uint8Array, leafIndex?: number): boolean {
    const { group, keys, renewal } = this.#options
    if (update.length > UPDATE_MAX_BYTES) return false
    if (leafIndex === undefined && renewal.queueIfOurs(update)) return true
    const isUpdate = ({ proposal, sender }: OfferedProposal): boolean => {
      const isTheirs = sender.kind === "member" && (leafIndex === undefined || sender.leafIndex === leafIndex)
      return proposal.kind === "update" && isTheirs
    }
    const received = group.receive(update, keys.nowMs, { only: "proposal", acceptsProposal: isUpdate })
    if (received.kind !== "proposal") group.dropProposals()
    return received.kind === "proposal"
  }

  /** People come and go, and can do what the group demands; what else a commit can change is not for the live control plane. */
  #hold(staged: StagedCommit): MemberChanges | undefined {
    const { group, keys, accepts } = this.#options
    const { report } = staged
    const isPlain = report.reinit === undefined && report.custom.length === 0
    const isSame = isPlain && areSameExtensions(report.extensions, group.extensions)
    const areAble =
      isSame && leavesSayTheSame(group.members(), report) && report.added.every((one) => meetsRequirements(group, one))
    if (areAble && report.added.every((newcomer) => accepts(newcomer))) return keys.hold(staged)
    group.clear(staged)
    return undefined
  }
}

/** True if a member can do what the group demands of everybody, as its leaf says. */
export function meetsRequirements(group: Pick<Group, "extensions">, { extensions }: Member): boolean {
  const [demands, known] = [requirementsOf(group.extensions), signedCapabilities(extensions)]
  return demands !== "malformed" && known !== "malformed" && unmetRequirements(demands, known).length === 0
}
