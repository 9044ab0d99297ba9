import type { CipherSuite } from "@qpc/crypto"
import { receiveEnvelope } from "@qpc/envelope"
import type { IdentityKey } from "@qpc/wire"
import type { MemberSurroundings } from "../create.ts"
import { Draft } from "../draft.ts"
import type { GroupEvent } from "../event.ts"
import { checkHead } from "../follow-log.ts"
import type { LogObjection } from "../follow-log.ts"
import type { Head } from "../heads.ts"
import type { Member } from "../member.ts"
import { wakeFromBytes } from "../wake.ts"
import { takeHeadsOver } from "./earlier-heads.ts"
import { rejoinDifference } from "./rejoin-difference.ts"

/** What {@link confirmRejoin} needs. */
export interface ConfirmRejoinOptions extends MemberSurroundings {
  readonly suite: CipherSuite
  /** As `enterAgain` made it. */
  readonly member: Uint8Array
  /** The commit that the delivery service took out of the epoch which ours leaves. */
  readonly envelope: Uint8Array
  /** Who answered. */
  readonly by: IdentityKey
  /** Who we were in the group; `undefined` where that record is gone. Borrowed. */
  readonly earlier: Member | undefined
}

/** Whether we are in. */
export type ConfirmedRejoin =
  | { readonly kind: "joined"; readonly member: Member; readonly events: readonly GroupEvent[] }
  /** Another commit was first: ask again. */
  | { readonly kind: "overtaken" }
  /** What the delivery service says of the commit does not continue the log: ask again, some other member. */
  | {
      readonly kind: "rejected"
      readonly reason: LogObjection
      /** What the delivery service signed, where it contradicts: `earlier` is to note it, since it may complete a proof. */
      readonly head?: Head
    }

/**
 * Our external commit came back from the delivery service, or another one in its place: the echo decides, as with every commit.
 *
 * @throws GroupStateError if `member` is not what `enterAgain` made
 */
export function confirmRejoin(options: ConfirmRejoinOptions): ConfirmedRejoin {
  const { suite, by, earlier } = options
  const received = receiveEnvelope(options.envelope)
  if (received.kind === "drop" || received.envelope.kind !== "commit") return { kind: "overtaken" }
  const { envelope } = received
  const { member, state } = wakeFromBytes(suite, options.member, options)
  const { epoch } = state.keys
  if (!state.ownCommits.has(state.suite.hash(envelope.sealed)) || envelope.epoch + 1n !== epoch) {
    member[Symbol.dispose]()
    return { kind: "overtaken" }
  }
  const { log } = envelope
  const draft = new Draft()
  if (earlier !== undefined) takeHeadsOver(state, earlier, draft)
  const reason = checkHead(state, envelope, draft)
  if (reason !== undefined) {
    member[Symbol.dispose]()
    if (reason !== "head_contradicts" || log === undefined) return { kind: "rejected", reason }
    return { kind: "rejected", reason, head: { epoch, hash: log.hash.slice(), signature: log.signature.slice() } }
  }
  const acceptedAtMs = log?.entry?.acceptedAtMs ?? 0
  if (log !== undefined) state.heads.follow({ epoch, hash: log.hash, acceptedAtMs }, state.limits.headsKept)
  state.ownCommits.forgetAll()
  draft.tell({ kind: "rejoined", epoch, by, ...rejoinDifference(member, earlier) })
  draft.tell({ kind: "epoch_changed", epoch, authenticator: state.group.epochAuthenticator() })
  return { kind: "joined", member, events: draft.finish(undefined).events }
}
