import type { CipherSuite } from "@qpc/crypto"
import { decodedOrUndefined } from "@qpc/wire"
import { CREDENTIAL_TYPES } from "./credential.ts"
import { credentialJudge } from "./credential-validator.ts"
import type { CredentialJudge, CredentialReason } from "./credential-validator.ts"
import { EXTENSION_TYPES, findExtension } from "./extension.ts"
import { judgeExternalSenders } from "./external-senders.ts"
import { verifyGroupInfo } from "./group-info.ts"
import type { GroupInfo, VerifiedGroupInfo } from "./group-info.ts"
import type { GroupLimits } from "./limits.ts"
import { acceptsSuite } from "./policy.ts"
import type { GroupPolicy } from "./policy.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import { decodeRatchetTree } from "./tree-codec.ts"
import { validateTree } from "./validate-tree.ts"
import type { TreeReason, ValidRatchetTree } from "./validate-tree.ts"

/** Why what a GroupInfo says about a group is not believed (RFC 9420 §12.4.3, §12.4.3.1). */
export type GroupInfoReason =
  | TreeReason
  | CredentialReason
  /** Not one of `GroupPolicy.cipherSuites`. */
  | "suite_not_accepted"
  | "group_cipher_suite"
  /** `isKnownGroup` says that we are in it already. */
  | "group_already_known"
  | "ratchet_tree_missing"
  | "ratchet_tree_malformed"
  /** `external_senders` of the group do not decode. */
  | "external_senders_malformed"
  /** The signer is not a member, or is ourselves. */
  | "unknown_signer"
  | "bad_group_info_signature"

/** What a newcomer judges a GroupInfo by. */
export interface BelieveOptions {
  readonly suite: CipherSuite
  /** Where the tree is not in the GroupInfo. */
  readonly ratchetTree: Uint8Array | undefined
  readonly isKnownGroup: ((groupId: Uint8Array) => boolean) | undefined
  readonly limits: GroupLimits
  readonly policy: Pick<GroupPolicy, "cipherSuites" | "credentialValidator">
  /** By which credentials are judged; `undefined` to judge them without a clock. */
  readonly nowMs: number | undefined
}

/** A group that a newcomer has reason to believe in: signed by a member, with the tree that it names. */
export interface BelievedGroup {
  readonly info: VerifiedGroupInfo
  readonly tree: ValidRatchetTree
}

/**
 * Checks all that an outsider can check of a GroupInfo and its tree (RFC 9420 §12.4.3, §12.4.3.1, §12.4.3.3).
 *
 * The confirmation tag is not among it: only who knows the epoch's secrets can tell.
 */
export function believeGroupInfo(options: BelieveOptions, info: GroupInfo): BelievedGroup | GroupInfoReason {
  const { suite, limits, policy, isKnownGroup } = options
  const { groupId, treeHash, extensions, cipherSuite } = info.groupContext
  if (cipherSuite !== suite.id) return "group_cipher_suite"
  if (!acceptsSuite(policy, cipherSuite)) return "suite_not_accepted"
  if (isKnownGroup?.(groupId) === true) return "group_already_known"
  const encodedTree = options.ratchetTree ?? findExtension(info.extensions, EXTENSION_TYPES.ratchetTree)
  if (encodedTree === undefined) return "ratchet_tree_missing"
  const tree = decodedOrUndefined(() => decodeRatchetTree(encodedTree, suite, limits.members))
  if (tree === undefined) return "ratchet_tree_malformed"
  // The signature first: it costs one verification, the tree one for each member.
  const signatureKey = tree.leaf(info.signer)?.signatureKey
  if (signatureKey === undefined) return "unknown_signer"
  const verified = verifyGroupInfo(suite, signatureKey, info)
  if (verified === undefined) return "bad_group_info_signature"
  const judge = credentialJudge(policy.credentialValidator, options.nowMs)
  const senders = judgeExternalSenders(judge, [], extensions)
  if (senders !== undefined) return senders
  // How long, not until when: members whose key package has expired since are members all the same (RFC 9420 §7.2, §7.3).
  const lifetime = { nowMs: undefined, limitMs: limits.leafLifetimeMs }
  const valid = validateTree(tree, { groupId, treeHash, extensions, lifetime })
  if (valid.kind === "rejected") return valid.reason
  // Without a validator it is only the types that count, and the tree knows them without a look at each leaf.
  const types = tree.index.credentialTypesInUse()
  const isPlain = policy.credentialValidator === undefined && types.every((type) => type === CREDENTIAL_TYPES.basic)
  const judged = isPlain ? undefined : judgeMembers(judge, tree)
  return judged ?? { info: verified, tree: valid.tree }
}

/** Asks about every member whose leaf was found to be genuine (RFC 9420 §5.3.1). */
function judgeMembers(judge: CredentialJudge, tree: RatchetTree): CredentialReason | undefined {
  for (const { leafNode } of tree.members()) {
    const { credential, signatureKey } = leafNode
    const refusal = judge({ credential, signatureKey, place: "member", predecessor: undefined })
    if (refusal !== undefined) return refusal
  }
  return undefined
}
