import type { Epoch, PastEpoch } from "./epoch.ts"
import { pastSigner } from "./epoch.ts"
import { countStaged } from "./epoch-usage.ts"
import type { GroupState } from "./group-state.ts"
import type { PrivateMessage } from "./private-message.ts"
import type { Received } from "./received.ts"
import type { StagedCommit } from "./staged-commit.ts"
import { markOwnCommit } from "./state-records.ts"
import { openPrivate } from "./unprotect.ts"
import type { Listener, Unprotected } from "./unprotect.ts"

/** An epoch that a staged commit leads to, and that commit. */
export interface EpochAhead {
  readonly staged: StagedCommit
  readonly epoch: Epoch
}

/** Application messages of past epochs are read while their keys are kept (RFC 9420 §15.3); commits never. */
export function receiveLate(state: GroupState, message: PrivateMessage): Received {
  const past = state.pastEpochs.find((candidate) => candidate.epoch === message.epoch)
  if (past === undefined || message.contentType !== "application") return { kind: "rejected", reason: "epoch_passed" }
  const opened = openPrivate(pastListener(state, past), message)
  return typeof opened === "string" ? { kind: "rejected", reason: opened } : acceptApplication(opened)
}

/**
 * Reads an application message of an epoch that is held and not in effect. A key that this uses up stays used up: it is gone
 * from the epoch before that becomes the current one, and from the record of our own pending commit.
 *
 * Commits and proposals of that epoch have to wait: they are about a group that may never be.
 */
export function receiveAhead(
  state: GroupState,
  { staged, epoch }: EpochAhead,
  message: PrivateMessage,
  messageBytes: number,
): Received {
  const isOpenable = message.epoch === epoch.context.epoch && message.contentType === "application"
  if (!isOpenable) return { kind: "rejected", reason: "epoch_ahead" }
  const opened = openPrivate(epochListener(state, epoch), message)
  if (typeof opened === "string") return { kind: "rejected", reason: opened }
  const received = acceptApplication(opened)
  countStaged(state, staged, messageBytes)
  if (staged.kind === "own") markOwnCommit(state)
  return received
}

/** Uses the key up and hands the text out. */
export function acceptApplication({ verified, leafIndex, generation, key }: Unprotected): Received {
  const { body, epoch, authenticatedData } = verified.content
  if (body.kind !== "application") throw new Error("unreachable: the content type is authenticated")
  key.consume()
  return {
    kind: "application",
    senderLeafIndex: leafIndex,
    epoch,
    generation,
    plaintext: body.data.slice(),
    authenticatedData: authenticatedData.slice(),
  }
}

/** Hears messages of an epoch, the current one or one that is staged. */
export function epochListener({ suite, limits }: Pick<GroupState, "suite" | "limits">, epoch: Epoch): Listener {
  return {
    suite,
    groupContext: epoch.context.encoded,
    senderDataSecret: epoch.secrets.senderDataSecret,
    secretTree: epoch.secretTree,
    ownLeafIndex: epoch.keys.leafIndex,
    limits,
    signatureKeyOf: (leafIndex) => epoch.tree.signatureKey(leafIndex),
  }
}

function pastListener(state: GroupState, past: PastEpoch): Listener {
  const { suite, limits } = state
  const { groupContext, senderDataSecret, secretTree, ownLeafIndex } = past
  const signatureKeyOf = (leafIndex: number): Uint8Array | undefined => pastSigner(state, past.epoch, leafIndex)
  return { suite, groupContext, senderDataSecret, secretTree, ownLeafIndex, limits, signatureKeyOf }
}
