import { DecodeError } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { EPOCH_MAX, judgePathLeaf, replacedLeaf } from "./apply-commit.ts"
import type { CommitRefusal } from "./apply-commit.ts"
import { memberAt } from "./apply-proposals.ts"
import { signContent } from "./authenticated-content.ts"
import { believeGroupInfo } from "./believe-group-info.ts"
import type { BelievedGroup, BelieveOptions, GroupInfoReason } from "./believe-group-info.ts"
import type { Capabilities } from "./capabilities.ts"
import { pskIdOf } from "./create-commit.ts"
import type { PskToInject } from "./create-commit.ts"
import { createPath } from "./create-path.ts"
import type { CreatedPath, PathParameters } from "./create-path.ts"
import type { Credential } from "./credential.ts"
import { credentialJudge } from "./credential-validator.ts"
import type { Extension } from "./extension.ts"
import type { Epoch } from "./epoch.ts"
import { withCustomProposals } from "./custom-proposal.ts"
import { firstLeaf } from "./first-leaf.ts"
import { frameContent } from "./framed-content.ts"
import { drawGrease } from "./grease.ts"
import type { GreaseUse } from "./grease.ts"
import { ownedGroupContext } from "./group-context.ts"
import type { GroupContext } from "./group-context.ts"
import { makeExternalInit } from "./key-schedule.ts"
import { decodeMlsMessage, encodeMlsMessage } from "./mls-message.ts"
import type { GroupPolicy } from "./policy.ts"
import { openNextEpoch, provisionalContext } from "./next-epoch.ts"
import type { Proposal } from "./proposal.ts"
import type { PreSharedKey, PskLookup } from "./psk.ts"
import { readExternalPub } from "./publish-group-info.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import type { Member } from "./staged-commit.ts"
import { interimTranscriptHash } from "./transcript-hash.ts"
import { TreePrivateState } from "./tree-private-state.ts"
import { validateMembers } from "./validate-members.ts"
import type { MembersReason } from "./validate-members.ts"

/** Why nobody can enter a group by an external commit of ours (RFC 9420 §12.4.3.2). */
export type ExternalJoinReason =
  | GroupInfoReason
  | MembersReason
  | Extract<CommitRefusal, "update_key_not_fresh" | "psk_missing" | "group_full" | "epoch_exhausted">
  | "malformed"
  | "not_a_group_info"
  /** The group does not offer it: its GroupInfo has no `external_pub`. */
  | "external_pub_missing"
  | "external_pub_malformed"
  /** Nobody can encapsulate to the key. */
  | "external_pub_unusable"
  /** `replaces` found nobody in the group. */
  | "resync_leaf_missing"

/** What a newcomer by an external commit brings along. */
export interface ExternalCommitOptions extends BelieveOptions {
  /** MLSMessage. */
  readonly groupInfo: Uint8Array
  readonly credential: Credential
  readonly signatureKeys: { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array }
  readonly leafExtensions: readonly Extension[]
  readonly capabilities: Partial<Capabilities>
  readonly grease: GreaseUse | undefined
  /** Picks our own old appearance, which the commit then removes. */
  readonly replaces: ((member: Member) => boolean) | undefined
  readonly psks: readonly PskToInject[]
  readonly pskLookup: PskLookup | undefined
  readonly authenticatedData: Uint8Array
  readonly random: Random
  readonly policy: GroupPolicy
}

/** The epoch that an external commit opens, and the commit. */
export interface ExternalCommit {
  readonly epoch: Epoch
  /** MLSMessage for all members. */
  readonly commit: Uint8Array
}

/** Makes an external commit (RFC 9420 §12.4.3.2). Total for foreign bytes. */
export function createExternalCommit(options: ExternalCommitOptions): ExternalCommit | ExternalJoinReason {
  const group = readGroup(options)
  if (typeof group === "string") return group
  const { suite, random } = options
  const externalKey = readExternalPub(group.info.extensions)
  if (typeof externalKey === "string") return externalKey
  if (group.info.groupContext.epoch === EPOCH_MAX) return "epoch_exhausted"
  const old = options.replaces && findOld(group, options.replaces)
  if (options.replaces !== undefined && old === undefined) return "resync_leaf_missing"
  const psks = findPsks(options)
  if (psks === undefined) return "psk_missing"
  const seed = random(suite.sizes.kemSeedBytes)
  const init = makeExternalInit(suite, externalKey, seed)
  seed.fill(0)
  if (init === undefined) return "external_pub_unusable"
  const proposals: Proposal[] = [
    { kind: "external_init", kemOutput: init.kemOutput },
    ...(old === undefined ? [] : [{ kind: "remove", removed: old.leafIndex } as const]),
    ...psks.map(({ id }) => ({ kind: "psk", id }) as const),
  ]
  const created = commitTo(options, group, { proposals, psks, initSecret: init.secret, removed: old?.leafIndex })
  init.secret.fill(0)
  return created
}

/** What the commit is made of once everything foreign was judged. */
interface Contents {
  readonly proposals: readonly Proposal[]
  readonly psks: readonly PreSharedKey[]
  readonly initSecret: Uint8Array
  readonly removed: number | undefined
}

function commitTo(
  options: ExternalCommitOptions,
  group: BelievedGroup,
  contents: Contents,
): ExternalCommit | ExternalJoinReason {
  const { signatureKeys, random } = options
  const { removed } = contents
  const context = ownedGroupContext(group.info.groupContext)
  const { groupId, extensions } = context
  const tree = group.tree.fork()
  if (removed !== undefined) tree.removeLeaf(removed)
  if (!tree.hasRoomFor(1)) return "group_full"
  const keys = new TreePrivateState(tree.reserveLeaf(), new Uint8Array(0))
  const leaf = ownLeaf(options)
  const path = createPath({
    tree,
    keys,
    groupId,
    leaf,
    signaturePrivateKey: signatureKeys.privateKey,
    added: new Set(),
    groupContext: (treeHash) => provisionalContext(context, treeHash, extensions),
    random,
  })
  try {
    return commitPath(options, group, contents, { context, tree, keys, path })
  } finally {
    // No `using`: this is also part of a script for browsers that do not know it.
    path[Symbol.dispose]()
  }
}

/** We in the group's tree, with the path from our leaf to its root. */
interface Entered {
  readonly context: GroupContext
  readonly tree: RatchetTree
  /** The next epoch's, unless it is refused. */
  readonly keys: TreePrivateState
  /** Stays the caller's. */
  readonly path: CreatedPath
}

function commitPath(
  options: ExternalCommitOptions,
  { info, tree: before }: BelievedGroup,
  { proposals, psks, initSecret, removed }: Contents,
  { context, tree, keys, path }: Entered,
): ExternalCommit | ExternalJoinReason {
  const { suite, signatureKeys, authenticatedData } = options
  const { groupId, extensions } = context
  const { updatePath } = path
  const removes = removed === undefined ? [] : [removed]
  const newcomer = { kind: "newcomer" } as const
  const judge = credentialJudge(options.policy.credentialValidator, options.nowMs)
  const replaced = replacedLeaf({ tree: before }, newcomer, { removes })
  const refusal = judgePathLeaf(judge, newcomer, updatePath.leafNode, replaced) ?? validateMembers(tree, extensions)
  if (refusal !== undefined) {
    keys.destroy(suite)
    return refusal
  }
  const items = proposals.map((proposal) => ({ kind: "proposal", proposal }) as const)
  const sender = { kind: "new_member_commit" } as const
  const body = { kind: "commit", commit: { proposals: items, path: updatePath } } as const
  const content = frameContent({ groupId, epoch: context.epoch, sender, authenticatedData }, body)
  const signature = signContent(suite, signatureKeys.privateKey, "public_message", content, context.encoded)
  const transcript = interimTranscriptHash(suite, context.confirmedTranscriptHash, info.confirmationTag)
  const opened = openNextEpoch({
    suite,
    previous: { context, interimTranscriptHash: transcript },
    tree,
    keys,
    extensions,
    initSecret,
    commitSecret: path.commitSecret,
    psks,
    commit: { wireFormat: "public_message", content, signature },
  })
  for (const used of [opened.joinerSecret, opened.welcomeSecret]) used.fill(0)
  const auth = { signature, confirmationTag: opened.epoch.confirmationTag }
  const commit = encodeMlsMessage({ kind: "public_message", message: { content, auth, membershipTag: undefined } })
  return { epoch: opened.epoch, commit }
}

/** Our leaf but for what the path decides. */
function ownLeaf(options: ExternalCommitOptions): PathParameters["leaf"] {
  const { suite, credential, signatureKeys, leafExtensions, policy, random } = options
  const capabilities = withCustomProposals(options.capabilities, policy)
  const grease = drawGrease(random, options.grease)
  return firstLeaf({ suite, credential, signatureKeys, leafExtensions, capabilities, grease })
}

function readGroup(options: ExternalCommitOptions): BelievedGroup | ExternalJoinReason {
  try {
    const message = decodeMlsMessage(options.groupInfo)
    return message.kind === "group_info" ? believeGroupInfo(options, message.message) : "not_a_group_info"
  } catch (error) {
    if (error instanceof DecodeError) return "malformed"
    throw error
  }
}

function findOld({ tree }: BelievedGroup, isOurs: (member: Member) => boolean): Member | undefined {
  for (const { leafIndex } of tree.leaves()) {
    const member = memberAt(tree, leafIndex)
    if (isOurs(member)) return member
  }
  return undefined
}

function findPsks({ suite, psks, pskLookup, random }: ExternalCommitOptions): PreSharedKey[] | undefined {
  const found: PreSharedKey[] = []
  for (const psk of psks) {
    const id = pskIdOf(psk, random(suite.sizes.hashBytes))
    const secret = pskLookup?.(id)
    if (secret === undefined) return undefined
    found.push({ id, secret })
  }
  return found
}
