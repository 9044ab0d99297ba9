import type { CipherSuite } from "@qpc/crypto"
import { encodeControl, FRAME_MAX_BYTES } from "@qpc/gbp"
import type { ControlMessage, LiveGroup, MemberChanges, Receiver, Sender, StagedOwn } from "@qpc/gbp"
import type { Extension, Group, Member, StagedCommit } from "@qpc/mls"
import { equalBytes } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { requirementsOf, signedCapabilities, unmetRequirements } from "../capabilities-extension.ts"
import type { LiveChange } from "./live-change.ts"
import type { LiveKeys } from "./live-keys.ts"

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
    if (made.kind === "refused") return { kind: "refused" }
    if (made.commit.length > COMMIT_MAX_BYTES) {
      group.clear(made.staged)
      return { kind: "refused" }
    }
    const changes = this.#hold(made.staged)
    if (changes === undefined) return { kind: "refused" }
    return { kind: "staged", commit: made.commit, welcome: made.welcome, ...changes }
  }

  stageReceived(commit: Uint8Array, senderId: number): MemberChanges | undefined {
    const { group, keys } = this.#options
    const received = group.receive(commit, keys.nowMs, { only: "commit" })
    if (received.kind !== "commit") return undefined
    const { staged, senderLeafIndex } = received
    if (keys.roster.memberIdOf(senderLeafIndex) === senderId) return this.#hold(staged)
    group.clear(staged)
    return undefined
  }

  merge(): void {
    this.#options.keys.merge()
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

  /** People come and go, and can do what the group demands; what else a commit can change is not for the live control plane. */
  #hold(staged: StagedCommit): MemberChanges | undefined {
    const { group, keys, accepts } = this.#options
    const { report } = staged
    const isPlain = report.reinit === undefined && report.custom.length === 0
    const isSame = isPlain && areSame(report.extensions, group.extensions)
    const areAble = isSame && [...report.added, ...report.updated].every((one) => meetsRequirements(group, one))
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

function areSame(some: readonly Extension[], others: readonly Extension[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ extensionType, extensionData }, at) => {
      const other = others[at]!
      return other.extensionType === extensionType && equalBytes(other.extensionData, extensionData)
    })
  )
}
