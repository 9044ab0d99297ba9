import type { CipherSuite } from "@qpc/crypto"
import { DecodeError } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { EPOCH_MAX, reportOf } from "./apply-commit.ts"
import type { CommitRefusal } from "./apply-commit.ts"
import { applyProposals } from "./apply-proposals.ts"
import type { AddedMember, AppliedProposals } from "./apply-proposals.ts"
import type { ContentWireFormat } from "./authenticated-content.ts"
import type { ProposalOrRef } from "./commit.ts"
import { createPath } from "./create-path.ts"
import type { CreatedPath } from "./create-path.ts"
import type { Epoch } from "./epoch.ts"
import { credentialJudge } from "./credential-validator.ts"
import { countMessage } from "./epoch-usage.ts"
import type { Extension } from "./extension.ts"
import { assertNoGrease } from "./grease.ts"
import type { GreaseUse } from "./grease.ts"
import { findPsks } from "./group-state.ts"
import type { GroupState } from "./group-state.ts"
import { validateMembers } from "./validate-members.ts"
import { decodeMlsMessage, encodeMlsMessage } from "./mls-message.ts"
import { renewLeaf } from "./own-leaf.ts"
import type { LeafRenewal, RenewedLeaf } from "./own-leaf.ts"
import { openNextEpoch, provisionalContext } from "./next-epoch.ts"
import type { OpenedEpoch } from "./next-epoch.ts"
import type { PaddedBytes } from "./private-message.ts"
import { findUnfit, unpickedReason } from "./fit-proposals.ts"
import type { LeftOutProposal, LeftOutReason } from "./fit-proposals.ts"
import { ownedProposal } from "./proposal-queue.ts"
import type { QueuedProposal } from "./proposal-queue.ts"
import type { Proposal, ReInit } from "./proposal.ts"
import { selectQueued } from "./select-proposals.ts"
import type { PreSharedKey, PskLookup } from "./psk.ts"
import type { PreSharedKeyId } from "./psk-id.ts"
import { protect, signBody } from "./send.ts"
import type { Speaker } from "./send.ts"
import type { MergeReport } from "./staged-commit.ts"
import { encodeRatchetTree } from "./tree-codec.ts"
import type { TreePrivateState } from "./tree-private-state.ts"
import { sortProposals } from "./validate-proposals.ts"
import type { SentProposal, SortedProposals } from "./validate-proposals.ts"
import { createWelcome } from "./create-welcome.ts"

/** A PSK to inject (RFC 9420 §8.4); its nonce is drawn by the committer. */
export type PskToInject =
  | { readonly kind: "external"; readonly pskId: Uint8Array }
  | { readonly kind: "resumption"; readonly groupId: Uint8Array; readonly epoch: bigint }

/** What a commit shall do. Nothing at all is allowed: it then refreshes the committer's keys. */
export interface CommitOptions extends LeafRenewal {
  /** Key packages as published: MLSMessages. */
  readonly adds?: readonly Uint8Array[]
  /** Leaf indices. */
  readonly removes?: readonly number[]
  /** True for fresh keys where the changes do not ask for them. */
  readonly forcePath?: boolean
  /** Replaces all extensions of the group context (RFC 9420 §12.1.7). */
  readonly extensions?: readonly Extension[]
  readonly psks?: readonly PskToInject[]
  /** Ends the group in favour of another (RFC 9420 §12.1.5). Goes with nothing else (RFC 9420 §12.2). */
  readonly reinit?: Omit<ReInit, "kind">
  /** Proposals of types that `GroupPolicy.customProposals` registers (RFC 9420 §12.1). */
  readonly custom?: readonly { readonly type: number; readonly body: Uint8Array }[]
  /** Where the secrets of {@link psks} are found, beside those of this group's own epochs. */
  readonly pskLookup?: PskLookup
  /** Whether to cover the proposals received in this epoch (RFC 9420 §12.4), or which of them. Default true. */
  readonly includeQueuedProposals?: boolean | ((queued: QueuedProposal) => boolean)
  readonly authenticatedData: Uint8Array
  readonly paddedBytes?: PaddedBytes
  readonly random: Random
  readonly nowMs: number
  /** Default `private`. */
  readonly wireFormat?: "private" | "public"
  /** False to hand the ratchet tree to newcomers beside the Welcome. Default true. */
  readonly treeInWelcome?: boolean
  /** `everywhere` for a value that means nothing in the Welcome (RFC 9420 §13.5). Default none. */
  readonly grease?: GreaseUse
}

/** A commit that is ready to be sent, and what it leads to. */
export interface CreatedCommit {
  readonly kind: "created"
  /** MLSMessage. */
  readonly commit: Uint8Array
  /** MLSMessage for all newcomers. Hand it out only once the commit was accepted (RFC 9420 §14). */
  readonly welcome: Uint8Array | undefined
  /** For newcomers, where it is not in the Welcome. */
  readonly ratchetTree: Uint8Array | undefined
  readonly epoch: Epoch
  readonly report: MergeReport
  /** Proposals received in this epoch that it does not cover. */
  readonly leftOut: readonly LeftOutProposal[]
}

/** The commit's proposals, checked and applied to a fork. */
interface Plan {
  readonly items: readonly ProposalOrRef[]
  readonly sorted: SortedProposals
  readonly applied: AppliedProposals
  readonly psks: readonly PreSharedKey[]
  readonly keys: TreePrivateState
  /** Our next leaf where the commit has a path. */
  readonly leaf: RenewedLeaf | undefined
  readonly leftOut: readonly LeftOutProposal[]
}

/**
 * Makes a commit (RFC 9420 §12.4.1). The current epoch is not touched but for the handshake key that a private message
 * uses up: that one is gone for good, whatever becomes of the commit.
 *
 * @param bond - The resumption PSK of the group that this one descends from, for its first commit (RFC 9420 §11.2, §11.3).
 */
export function createCommit(
  state: GroupState,
  options: CommitOptions,
  bond?: PreSharedKey,
): CreatedCommit | CommitRefusal {
  const plan = planCommit(state, options, bond)
  if (typeof plan === "string") return plan
  const path = plan.leaf && createOwnPath(state, plan, plan.leaf, options.random)
  try {
    return commitPlan(state, plan, path, options)
  } finally {
    // No `using`: this is also part of a script for browsers that do not know it.
    path?.[Symbol.dispose]()
  }
}

/** @param path - Stays the caller's. */
function commitPlan(
  state: GroupState,
  plan: Plan,
  path: CreatedPath | undefined,
  options: CommitOptions,
): CreatedCommit | CommitRefusal {
  // The path has replaced our leaf; the rules over all members hold for it too.
  const refusal = validateMembers(plan.applied.tree, plan.applied.extensions)
  if (refusal !== undefined) {
    plan.keys[Symbol.dispose]()
    return refusal
  }

  const speaker = speakerOf(state)
  const wireFormat: ContentWireFormat = options.wireFormat === "public" ? "public_message" : "private_message"
  const commit = { proposals: plan.items, path: path?.updatePath }
  const signed = signBody(speaker, wireFormat, { kind: "commit", commit }, options.authenticatedData)
  const noSecret = new Uint8Array(state.suite.sizes.hashBytes)
  const opened = openNextEpoch({
    suite: state.suite,
    previous: state.epoch,
    tree: plan.applied.tree,
    keys: plan.keys,
    extensions: plan.applied.extensions,
    initSecret: state.epoch.secrets.initSecret,
    commitSecret: path?.commitSecret ?? noSecret,
    psks: plan.psks,
    commit: signed,
  })
  const newcomers = welcomeNewcomers(state, plan, path, opened, options)
  for (const used of [opened.joinerSecret, opened.welcomeSecret]) used.fill(0)
  const auth = { signature: signed.signature, confirmationTag: opened.epoch.confirmationTag }
  const message = protect(speaker, signed, auth, options)
  // Counted and not refused: a commit is the way to fresh keys.
  if (wireFormat === "private_message") countMessage(state, message.length)
  const committer = { kind: "member", leafIndex: state.epoch.keys.leafIndex } as const
  const report = reportOf(state.epoch, plan.applied, plan.sorted, committer.leafIndex, path !== undefined, committer)
  return { kind: "created", commit: message, ...newcomers, epoch: opened.epoch, report, leftOut: plan.leftOut }
}

/** Our voice in the current epoch. */
export function speakerOf(state: GroupState): Speaker {
  const { suite, epoch, signaturePrivateKey } = state
  const { context, secrets, secretTree, keys } = epoch
  return { suite, context, secrets, secretTree, leafIndex: keys.leafIndex, signaturePrivateKey }
}

function planCommit(state: GroupState, options: CommitOptions, bond: PreSharedKey | undefined): Plan | CommitRefusal {
  const { suite, epoch } = state
  if (epoch.context.epoch === EPOCH_MAX) return "epoch_exhausted"
  const committer = { kind: "member", leafIndex: epoch.keys.leafIndex } as const
  const own = ownProposals(suite, options)
  if (typeof own === "string") return own
  if (bond !== undefined) own.push({ kind: "psk", id: bond.id })
  const { includeQueuedProposals: included = true } = options
  const inQueue = included === false ? [] : state.queue.values()
  const wanted = typeof included === "function" ? inQueue.filter(included) : inQueue
  const queued = selectQueued(wanted, own, committer)
  const leftOut = new Map<QueuedProposal, LeftOutReason>(inQueue.map((item) => [item, unpickedReason(item, committer)]))
  for (const item of queued) leftOut.delete(item)
  const plan = planWith(state, options, bond, { own, queued, leftOut })
  if (typeof plan !== "string" || queued.length === 0) return plan
  const { nowMs, pskLookup } = options
  const unfit = findUnfit({ state, committer, own, queued, nowMs, pskLookup, bond: bond?.id })
  if (typeof unfit === "string") return unfit
  for (const [item, reason] of unfit) leftOut.set(item, reason)
  return planWith(state, options, bond, { own, queued: queued.filter((item) => !unfit.has(item)), leftOut })
}

/** What a commit shall cover. */
interface Covered {
  readonly own: readonly Proposal[]
  readonly queued: readonly QueuedProposal[]
  readonly leftOut: ReadonlyMap<QueuedProposal, LeftOutReason>
}

function planWith(
  state: GroupState,
  options: CommitOptions,
  bond: PreSharedKey | undefined,
  { own, queued, leftOut }: Covered,
): Plan | CommitRefusal {
  const { suite, epoch, limits, policy } = state
  const committer = { kind: "member", leafIndex: epoch.keys.leafIndex } as const
  const sent: SentProposal[] = [...queued, ...own.map((proposal) => ({ proposal, sender: committer }))]
  if (sent.length > limits.committedProposals) return "too_many_committed_proposals"
  const items: ProposalOrRef[] = [
    ...queued.map(({ reference }) => ({ kind: "reference", reference }) as const),
    ...own.map((proposal) => ({ kind: "proposal", proposal }) as const),
  ]
  const sorted = sortProposals(sent, { suite, policy, tree: epoch.tree, committer, bond: bond?.id })
  if (typeof sorted === "string") return sorted
  const { nowMs } = options
  const lifetime = { nowMs, limitMs: limits.leafLifetimeMs }
  const judge = credentialJudge(policy.credentialValidator, nowMs)
  const applied = applyProposals(epoch, sorted, { lifetime, judge })
  if (typeof applied === "string") return applied
  const psks = findPsks(state, sorted.psks, (id) => (id === bond?.id ? bond.secret : options.pskLookup?.(id)))
  if (psks === undefined) return "psk_missing"
  const renews = options.newSignatureKeys !== undefined || options.newCredential !== undefined
  const hasPath = options.forcePath === true || renews || sorted.requiresPath || sent.length === 0
  const leaf = hasPath ? renewLeaf(state, options, "commit", nowMs) : undefined
  if (typeof leaf === "string") return leaf
  const keys = epoch.keys.fork()
  keys.forgetBlank(applied.tree)
  return { items, sorted, applied, psks, keys, leaf, leftOut: reportLeftOut(state, leftOut) }
}

function reportLeftOut(
  { queue }: GroupState,
  reasons: ReadonlyMap<QueuedProposal, LeftOutReason>,
): readonly LeftOutProposal[] {
  return queue.values().flatMap((item) => {
    const reason = reasons.get(item)
    const { reference, proposal, sender } = item
    return reason === undefined ? [] : [{ reference, proposal, sender, reason }]
  })
}

function ownProposals(suite: CipherSuite, options: CommitOptions): Proposal[] | "key_package_malformed" {
  const proposals: Proposal[] = []
  if (options.extensions !== undefined) {
    assertNoGrease(options.extensions)
    proposals.push({ kind: "group_context_extensions", extensions: options.extensions })
  }
  for (const removed of options.removes ?? []) proposals.push({ kind: "remove", removed })
  for (const bytes of options.adds ?? []) {
    const add = addProposal(bytes)
    if (add === undefined) return "key_package_malformed"
    proposals.push(add)
  }
  for (const psk of options.psks ?? []) {
    proposals.push({ kind: "psk", id: pskIdOf(psk, options.random(suite.sizes.hashBytes)) })
  }
  for (const { type, body } of options.custom ?? []) proposals.push(ownedProposal({ kind: "custom", type, body }))
  if (options.reinit !== undefined) {
    assertNoGrease(options.reinit.extensions)
    proposals.push(ownedProposal({ kind: "reinit", ...options.reinit }))
  }
  return proposals
}

/** An Add of a published key package, or `undefined` if the bytes are not one. */
export function addProposal(bytes: Uint8Array): Extract<Proposal, { kind: "add" }> | undefined {
  try {
    const message = decodeMlsMessage(new Uint8Array(bytes))
    return message.kind === "key_package" ? { kind: "add", keyPackage: message.message } : undefined
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** The name of a PSK in one commit (RFC 9420 §8.4). Takes ownership of the nonce. */
export function pskIdOf(psk: PskToInject, pskNonce: Uint8Array): PreSharedKeyId {
  if (psk.kind === "external") return { kind: "external", pskId: psk.pskId, pskNonce }
  const { groupId: pskGroupId, epoch: pskEpoch } = psk
  return { kind: "resumption", usage: "application", pskGroupId, pskEpoch, pskNonce }
}

function createOwnPath(
  { epoch }: GroupState,
  { applied, keys }: Plan,
  { content, signaturePrivateKey }: RenewedLeaf,
  random: Random,
): CreatedPath {
  return createPath({
    tree: applied.tree,
    keys,
    groupId: epoch.context.groupId,
    leaf: content,
    signaturePrivateKey,
    added: new Set(applied.added.map(({ leafIndex }) => leafIndex)),
    groupContext: (treeHash) => provisionalContext(epoch.context, treeHash, applied.extensions),
    random,
  })
}

function welcomeNewcomers(
  state: GroupState,
  plan: Plan,
  path: CreatedPath | undefined,
  opened: OpenedEpoch,
  options: CommitOptions,
): { readonly welcome: Uint8Array | undefined; readonly ratchetTree: Uint8Array | undefined } {
  const { added, tree } = plan.applied
  if (added.length === 0) return { welcome: undefined, ratchetTree: undefined }
  const isInside = options.treeInWelcome !== false
  const ratchetTree = encodeRatchetTree(tree)
  const message = createWelcome({
    suite: state.suite,
    opened,
    signer: plan.keys.leafIndex,
    // The GroupInfo shows the new epoch: it is signed with the key that our leaf has there.
    signaturePrivateKey: plan.leaf?.signaturePrivateKey ?? state.signaturePrivateKey,
    ratchetTree: isInside ? ratchetTree : undefined,
    psks: plan.psks.map(({ id }) => id),
    newcomers: added.map(({ leafIndex, keyPackage }: AddedMember) => ({
      keyPackage,
      pathSecret: path?.pathSecretFor(leafIndex),
    })),
    grease: options.grease,
    random: options.random,
  })
  const welcome = encodeMlsMessage({ kind: "welcome", message })
  return { welcome, ratchetTree: isInside ? undefined : ratchetTree }
}
