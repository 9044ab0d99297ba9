import { constantTimeEqual, DecodeError, equalBytes } from "@qpc/wire"
import { applyCommit } from "./apply-commit.ts"
import { proposalRef } from "./authenticated-content.ts"
import type { VerifiedContent } from "./authenticated-content.ts"
import { countMessage } from "./epoch-usage.ts"
import type { ContentType, Sender } from "./framed-content.ts"
import type { GroupState } from "./group-state.ts"
import { decodeMlsMessage } from "./mls-message.ts"
import type { MlsMessage } from "./mls-message.ts"
import { openOutsiderPublic } from "./outsider.ts"
import { stagedEpoch } from "./merge.ts"
import type { PrivateMessage } from "./private-message.ts"
import { judgeProposal } from "./judge-proposal.ts"
import { ownedProposal } from "./proposal-queue.ts"
import type { Proposal } from "./proposal.ts"
import type { PskLookup } from "./psk.ts"
import type { PublicMessage } from "./public-message.ts"
import { acceptApplication, epochListener, receiveAhead, receiveLate } from "./receive-application.ts"
import type { Received, RejectReason } from "./received.ts"
import type { StagedCommit } from "./staged-commit.ts"
import { openMemberPublic, openPrivate } from "./unprotect.ts"

/** What a receiver brings along. */
export interface ReceiveOptions {
  /** Finds PSKs that a commit injects (RFC 9420 §8.4); those of the group's own epochs are known. */
  readonly psks?: PskLookup | undefined
  /**
   * Says whether to keep a proposal that came by itself, where `GroupPolicy.proposals` allows any. One that is not kept is rejected
   * as `not_allowed` and leaves nothing behind. Default: all are.
   */
  readonly acceptsProposal?: (proposal: OfferedProposal) => boolean
  /**
   * The only content that is to be opened; anything else is rejected as `not_allowed` and uses up no key. For callers whose channel
   * says what a message is: otherwise whoever passes a text on as something else could have its key used up before the text comes.
   * Default: all are.
   */
  readonly only?: ContentType
  /**
   * What has to be authenticated beside the content; a message with anything else is rejected as `other_authenticated_data` and uses
   * up no key. For callers whose channel says what that is: otherwise whoever passes a message on under another header could have
   * its key used up before the message comes. Default: whatever there is, which the caller compares.
   */
  readonly authenticatedData?: Uint8Array | undefined
  /**
   * A commit of this epoch that waits: application messages of the epoch that it leads to are opened too. For groups whose members
   * speak in an epoch before all of them have gone on to it. Nothing can be sealed there before it is merged. It must not remove us.
   */
  readonly staged?: StagedCommit | undefined
}

/** A proposal that came by itself (RFC 9420 §12.1). Borrowed. */
export interface OfferedProposal {
  readonly proposal: Proposal
  readonly sender: Sender
  readonly authenticatedData: Uint8Array
}

type GroupMessage = Extract<MlsMessage, { kind: "private_message" | "public_message" }>

/** The same, with the time of the call. */
interface Circumstances extends ReceiveOptions {
  readonly nowMs: number
}

/**
 * The way of a message up: decode, route to its epoch, unprotect, verify, take effect.
 *
 * Total: whatever bytes arrive, it returns. The state changes only if the message was accepted; a commit changes nothing
 * before it is merged or cleared.
 *
 * @throws TypeError unless `options.staged` was staged in this epoch of this group, neither merged nor cleared, and has us in it
 */
export function receive(state: GroupState, bytes: Uint8Array, options: Circumstances): Received {
  const { staged } = options
  const ahead = staged && { staged, epoch: stagedEpoch(state, staged) }
  const message = decodeOrUndefined(bytes)
  if (message === undefined) return reject("malformed")
  if (message.kind !== "private_message" && message.kind !== "public_message") return reject("not_a_group_message")
  const { groupId, epoch } = message.kind === "private_message" ? message.message : message.message.content
  const current = state.epoch.context
  if (!equalBytes(groupId, current.groupId)) return reject("unknown_group")
  // In front of past epochs too: their texts have keys that can be used up.
  const unwanted = objectionTo(message, options)
  if (unwanted !== undefined) return reject(unwanted)
  if (epoch < current.epoch && message.kind === "private_message") return receiveLate(state, message.message)
  if (epoch < current.epoch) return reject("epoch_passed")
  if (epoch > current.epoch && ahead !== undefined && message.kind === "private_message") {
    return receiveAhead(state, ahead, message.message, bytes.length)
  }
  if (epoch > current.epoch) return reject("epoch_ahead")
  if (state.phase !== "active") return reject("group_inactive")
  const own = recogniseOwnCommit(state, bytes)
  if (own !== undefined) return { kind: "own_commit", staged: own }
  return message.kind === "private_message"
    ? counted(state, bytes.length, receivePrivate(state, message.message, options))
    : receivePublic(state, message.message, options)
}

/** Both are as the message claims; whoever opens it authenticates that. */
function objectionTo(message: GroupMessage, wanted: ReceiveOptions): RejectReason | undefined {
  const isPrivate = message.kind === "private_message"
  const contentType = isPrivate ? message.message.contentType : message.message.content.body.kind
  if (wanted.only !== undefined && contentType !== wanted.only) return "not_allowed"
  const { authenticatedData } = isPrivate ? message.message : message.message.content
  const isSealedUnder =
    wanted.authenticatedData === undefined || equalBytes(authenticatedData, wanted.authenticatedData)
  return isSealedUnder ? undefined : "other_authenticated_data"
}

/** What is accepted of the current epoch counts, but for commits: they end it, or leave the state as it was. */
function counted(state: GroupState, messageBytes: number, received: Received): Received {
  if (received.kind === "application" || received.kind === "proposal") countMessage(state, messageBytes)
  return received
}

function receivePrivate(state: GroupState, message: PrivateMessage, options: Circumstances): Received {
  const opened = openPrivate(epochListener(state, state.epoch), message)
  if (typeof opened === "string") return reject(opened)
  const { verified, key } = opened
  switch (verified.content.body.kind) {
    case "application":
      return acceptApplication(opened)
    case "proposal": {
      const outcome = acceptProposal(state, verified, options)
      if (outcome.kind === "rejected") key.release()
      else key.consume()
      return outcome
    }
    case "commit":
      // The key is not consumed: merging deletes it with its epoch. Until then a restart may read the commit again, and
      // nobody can use it up by sending the commit to us another way first.
      key.release()
      return acceptCommit(state, verified, options)
  }
}

function receivePublic(state: GroupState, message: PublicMessage, options: Circumstances): Received {
  const { body, sender } = message.content
  if (body.kind === "application") return reject("application_not_encrypted")
  const verified =
    sender.kind === "member"
      ? openMemberPublic(epochListener(state, state.epoch), state.epoch.secrets.membershipKey, message)
      : openOutsiderPublic(state, message)
  if (typeof verified === "string") return reject(verified)
  const isOwn = sender.kind === "member" && sender.leafIndex === state.epoch.keys.leafIndex
  if (isOwn) return reject("own_message")
  return body.kind === "proposal" ? acceptProposal(state, verified, options) : acceptCommit(state, verified, options)
}

/**
 * Keeps a proposal for a later commit (RFC 9420 §12.1). Whether it is valid is decided by the commit, but for what RFC 9420
 * asks at once: that it is of a type we know (§12.2), and that new credentials are valid (§5.3.1).
 */
function acceptProposal(state: GroupState, verified: VerifiedContent, options: Circumstances): Received {
  const { sender, authenticatedData, body } = verified.content
  if (body.kind !== "proposal") throw new Error("unreachable: only proposals are queued")
  if (!state.policy.proposals) return reject("not_allowed")
  // Only a newcomer's own commit can hold one (RFC 9420 §12.1.6).
  if (body.proposal.kind === "external_init") return reject("content_forbidden")
  const reference = proposalRef(state.suite, verified)
  if (state.queue.has(reference)) return reject("proposal_known")
  if (state.queue.size >= state.limits.queuedProposals) return reject("too_many_proposals")
  const refusal = judgeProposal(state, body.proposal, sender, options.nowMs)
  if (refusal !== undefined) return reject(refusal)
  const offered = { proposal: body.proposal, sender, authenticatedData }
  if (options.acceptsProposal?.(offered) === false) return reject("not_allowed")
  const proposal = ownedProposal(body.proposal)
  state.queue.add({ reference, proposal, sender, updateKey: undefined })
  return { kind: "proposal", sender, proposal, reference, authenticatedData: authenticatedData.slice() }
}

function acceptCommit(state: GroupState, verified: VerifiedContent, options: Circumstances): Received {
  const stagedByOthers = state.staged.size - (state.ownCommit === undefined ? 0 : 1)
  if (stagedByOthers >= state.limits.stagedCommits) return reject("too_many_staged_commits")
  const applied = applyCommit(state, verified, options)
  if (typeof applied === "string") return reject(applied)
  const { committer, report, selfRemovals, proposalCount, epoch } = applied
  const staged: StagedCommit = { kind: "received", committer, report }
  state.staged.set(staged, epoch)
  const authenticatedData = verified.content.authenticatedData.slice()
  return { kind: "commit", senderLeafIndex: committer, staged, selfRemovals, proposalCount, authenticatedData }
}

/** The delivery service sends our commit to us as to everyone; its key is gone, so it is known by its bytes. */
function recogniseOwnCommit({ suite, ownCommit }: GroupState, bytes: Uint8Array): StagedCommit | undefined {
  if (ownCommit === undefined) return undefined
  return constantTimeEqual(suite.hash(bytes), ownCommit.messageHash) ? ownCommit.staged : undefined
}

/** The one place where foreign bytes that do not decode are caught. */
function decodeOrUndefined(bytes: Uint8Array): MlsMessage | undefined {
  try {
    const message = decodeMlsMessage(bytes)
    // What a public message brings into the group outlives the call. Private ones are decrypted into bytes of our own.
    return message.kind === "public_message" ? decodeMlsMessage(new Uint8Array(bytes)) : message
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function reject(reason: RejectReason): Received {
  return { kind: "rejected", reason }
}
