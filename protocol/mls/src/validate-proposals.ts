import type { CipherSuite } from "@qpc/crypto"
import { customTypeOf, requiresPath } from "./custom-proposal.ts"
import type { CommittedCustomProposal } from "./custom-proposal.ts"
import type { Extension } from "./extension.ts"
import type { Sender } from "./framed-content.ts"
import type { KeyPackage } from "./key-package.ts"
import type { LeafNode } from "./leaf-node.ts"
import { acceptsSuite } from "./policy.ts"
import type { GroupPolicy } from "./policy.ts"
import type { Proposal, ReInit } from "./proposal.ts"
import { MLS_10 } from "./protocol-version.ts"
import { pskIdKey } from "./psk.ts"
import type { PreSharedKeyId } from "./psk-id.ts"
import type { RatchetTree } from "./ratchet-tree.ts"

/** A proposal that a commit covers, and whoever sent it: for one by value, the committer. */
export interface SentProposal {
  readonly proposal: Proposal
  readonly sender: Sender
}

/** Who commits: a member, or a newcomer by an external commit (RFC 9420 §12.4.3.2). */
export type Committer = { readonly kind: "member"; readonly leafIndex: number } | { readonly kind: "newcomer" }

/** The changes of a commit by kind, in the order in which the list has them (RFC 9420 §12.3). */
export interface SortedProposals {
  readonly extensions: readonly Extension[] | undefined
  readonly updates: readonly { readonly leafIndex: number; readonly leafNode: LeafNode }[]
  readonly removes: readonly number[]
  readonly adds: readonly KeyPackage[]
  readonly psks: readonly PreSharedKeyId[]
  readonly externalInit: Uint8Array | undefined
  readonly reinit: ReInit | undefined
  readonly custom: readonly CommittedCustomProposal[]
  /** True if the commit must carry a path (RFC 9420 §12.4). */
  readonly requiresPath: boolean
}

/** Rules of RFC 9420 §12.1 and §12.2 that a list of proposals broke, as far as they need no change of the tree. */
export type ProposalRefusal =
  /** §12.2: the committer updates itself by the commit's path. */
  | "update_by_committer"
  /** §12.1.2: only a member has a leaf to update. */
  | "update_by_outsider"
  /** §12.1.3. */
  | "remove_of_blank_leaf"
  /** §12.2. */
  | "remove_of_committer"
  /** §12.2: several updates or removes of one leaf. */
  | "leaf_changed_twice"
  /** §12.1.4: usages `reinit` and `branch` belong to the first commit of another group. */
  | "psk_usage_forbidden"
  /** §12.1.4. */
  | "psk_nonce_length"
  /** §12.2. */
  | "psk_repeated"
  /** §12.2. */
  | "extensions_changed_twice"
  /** §12.2. */
  | "reinit_not_alone"
  /** §12.1.5: older than ours. */
  | "reinit_version"
  /** §12.1.5: not one of `GroupPolicy.versions`. */
  | "reinit_version_not_accepted"
  /** §12.1.5: not one of `GroupPolicy.cipherSuites`. */
  | "reinit_suite_not_accepted"
  /** §12.2. */
  | "external_init_forbidden"
  /** §12.2: a type that `GroupPolicy.customProposals` does not register, so that we, and not all members, support it. */
  | "proposal_unsupported"
  /** §12.2, external commits: exactly one ExternalInit. */
  | "external_init_missing"
  /** §12.2, external commits: what else they may hold. */
  | "external_commit_proposals"

/** Proposals on their way to being sorted. */
export interface Sorting {
  extensions: readonly Extension[] | undefined
  readonly updates: { readonly leafIndex: number; readonly leafNode: LeafNode }[]
  readonly removes: number[]
  readonly adds: KeyPackage[]
  readonly psks: PreSharedKeyId[]
  externalInit: Uint8Array | undefined
  reinit: ReInit | undefined
  readonly custom: CommittedCustomProposal[]
  readonly changedLeaves: Set<number>
  readonly pskKeys: Set<string>
}

/** Where the rules look. */
interface Surroundings {
  readonly suite: CipherSuite
  readonly policy: Pick<GroupPolicy, "customProposals" | "cipherSuites" | "versions">
  readonly tree: RatchetTree
  readonly committer: Committer
  /** The one PSK of another usage than `application` that may be used: in the first commit of a group, by its creator. */
  readonly bond?: PreSharedKeyId | undefined
}

/** Nothing sorted yet. */
export function emptySorting(): Sorting {
  return {
    extensions: undefined,
    updates: [],
    removes: [],
    adds: [],
    psks: [],
    externalInit: undefined,
    reinit: undefined,
    custom: [],
    changedLeaves: new Set(),
    pskKeys: new Set(),
  }
}

/** An independent copy. */
export function forkSorting(sorting: Sorting): Sorting {
  const { updates, removes, adds, psks, custom, changedLeaves, pskKeys } = sorting
  return {
    ...sorting,
    updates: [...updates],
    removes: [...removes],
    adds: [...adds],
    psks: [...psks],
    custom: [...custom],
    changedLeaves: new Set(changedLeaves),
    pskKeys: new Set(pskKeys),
  }
}

/**
 * Sorts the proposals of a commit and checks the rules between them (RFC 9420 §12.2). What depends on the tree after
 * the changes, such as new leaves, is checked while they are applied.
 */
export function sortProposals(
  proposals: readonly SentProposal[],
  surroundings: Surroundings,
): SortedProposals | ProposalRefusal {
  const sorting = emptySorting()
  for (const sent of proposals) {
    const refusal = addToSorting(sorting, sent, surroundings)
    if (refusal !== undefined) return refusal
  }
  if (surroundings.committer.kind === "newcomer") {
    if (sorting.externalInit === undefined) return "external_init_missing"
    if (sorting.removes.length > 1) return "external_commit_proposals"
  }
  const { customProposals } = surroundings.policy
  return { ...sorting, requiresPath: proposals.some(({ proposal }) => requiresPath(customProposals, proposal)) }
}

/** Adds one proposal, unless it breaks a rule by itself or together with those before. */
export function addToSorting(
  sorting: Sorting,
  sent: SentProposal,
  surroundings: Surroundings,
): ProposalRefusal | undefined {
  const { proposal, sender } = sent
  if (sorting.reinit !== undefined) return "reinit_not_alone"
  const isExternal = surroundings.committer.kind === "newcomer"
  if (isExternal && !["external_init", "remove", "psk"].includes(proposal.kind)) return "external_commit_proposals"
  switch (proposal.kind) {
    case "add":
      sorting.adds.push(proposal.keyPackage)
      return undefined
    case "update":
      return sortUpdate(sorting, proposal.leafNode, sender, surroundings)
    case "remove":
      return sortRemove(sorting, proposal.removed, surroundings)
    case "psk":
      return sortPsk(sorting, proposal.id, surroundings)
    case "reinit":
      return sortReInit(sorting, proposal, surroundings)
    case "external_init":
      if (!isExternal) return "external_init_forbidden"
      if (sorting.externalInit !== undefined) return "external_commit_proposals"
      sorting.externalInit = proposal.kemOutput
      return undefined
    case "group_context_extensions":
      if (sorting.extensions !== undefined) return "extensions_changed_twice"
      sorting.extensions = proposal.extensions
      return undefined
    case "custom":
      if (customTypeOf(surroundings.policy.customProposals, proposal) === undefined) return "proposal_unsupported"
      sorting.custom.push({ type: proposal.type, body: proposal.body, sender })
      return undefined
  }
}

function sortReInit(sorting: Sorting, reinit: ReInit, { policy }: Surroundings): ProposalRefusal | undefined {
  if (reinit.version < MLS_10) return "reinit_version"
  if (policy.versions?.includes(reinit.version) === false) return "reinit_version_not_accepted"
  if (!acceptsSuite(policy, reinit.cipherSuite)) return "reinit_suite_not_accepted"
  if (!isEmpty(sorting)) return "reinit_not_alone"
  sorting.reinit = reinit
  return undefined
}

/** Whether nothing is there that a member's commit may hold; an ExternalInit is not among it. */
function isEmpty({ extensions, updates, removes, adds, psks, custom }: Sorting): boolean {
  return extensions === undefined && [updates, removes, adds, psks, custom].every((list) => list.length === 0)
}

function sortUpdate(
  sorting: Sorting,
  leafNode: LeafNode,
  sender: Sender,
  { committer }: Surroundings,
): ProposalRefusal | undefined {
  if (sender.kind !== "member") return "update_by_outsider"
  const { leafIndex } = sender
  if (committer.kind === "member" && committer.leafIndex === leafIndex) return "update_by_committer"
  if (sorting.changedLeaves.has(leafIndex)) return "leaf_changed_twice"
  sorting.changedLeaves.add(leafIndex)
  sorting.updates.push({ leafIndex, leafNode })
  return undefined
}

function sortRemove(sorting: Sorting, removed: number, { committer, tree }: Surroundings): ProposalRefusal | undefined {
  if (tree.leaf(removed) === undefined) return "remove_of_blank_leaf"
  if (committer.kind === "member" && committer.leafIndex === removed) return "remove_of_committer"
  if (sorting.changedLeaves.has(removed)) return "leaf_changed_twice"
  sorting.changedLeaves.add(removed)
  sorting.removes.push(removed)
  return undefined
}

function sortPsk(sorting: Sorting, id: PreSharedKeyId, { suite, bond }: Surroundings): ProposalRefusal | undefined {
  if (id.kind === "resumption" && id.usage !== "application" && id !== bond) return "psk_usage_forbidden"
  if (id.pskNonce.length !== suite.sizes.hashBytes) return "psk_nonce_length"
  const key = pskIdKey(id)
  if (sorting.pskKeys.has(key)) return "psk_repeated"
  sorting.pskKeys.add(key)
  sorting.psks.push(id)
  return undefined
}
