import type { CipherSuite, KeyPair } from "@qpc/crypto"
import type { Random } from "@qpc/wire"
import type { Capabilities } from "./capabilities.ts"
import type { Credential } from "./credential.ts"
import { credentialJudge } from "./credential-validator.ts"
import { withSecretTree } from "./epoch.ts"
import { withCustomProposals } from "./custom-proposal.ts"
import type { Epoch } from "./epoch.ts"
import { firstLeaf } from "./first-leaf.ts"
import type { Extension } from "./extension.ts"
import { judgeExternalSenders } from "./external-senders.ts"
import { assertNoGrease, drawGrease } from "./grease.ts"
import type { GreaseUse } from "./grease.ts"
import { makeGroupContext } from "./group-context.ts"
import { keyPairFrom } from "./key-package-bundle.ts"
import { confirmationTag, secretsOf } from "./key-schedule.ts"
import { signLeafNode } from "./leaf-node.ts"
import { lifetimeFrom } from "./lifetime.ts"
import { acceptsSuite } from "./policy.ts"
import type { GroupPolicy } from "./policy.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { interimTranscriptHash } from "./transcript-hash.ts"
import { TreePrivateState } from "./tree-private-state.ts"
import { validateMembers } from "./validate-members.ts"

/** What the first epoch of a group is made of. */
export interface FirstEpochOptions {
  readonly suite: CipherSuite
  readonly groupId: Uint8Array
  readonly credential: Credential
  readonly signatureKeys: KeyPair
  readonly random: Random
  readonly nowMs: number
  readonly lifetimeMs: number
  /** Of the group context; the creator's leaf claims to support them. */
  readonly extensions: readonly Extension[]
  readonly leafExtensions: readonly Extension[]
  readonly capabilities: Partial<Capabilities>
  readonly membersLimit: number
  readonly policy: GroupPolicy
  readonly grease: GreaseUse | undefined
}

/**
 * A group of one (RFC 9420 §11).
 *
 * @throws RangeError if the creator does not meet what its own extensions require, or its policy does not accept the suite or
 * its credential
 */
export function createFirstEpoch(options: FirstEpochOptions): Epoch {
  const { suite, credential, signatureKeys, random, extensions } = options
  assertNoGrease(extensions)
  const encryption = keyPairFrom(suite, random)
  const grease = drawGrease(random, options.grease)
  const alsoUsed = extensions.map(({ extensionType }) => extensionType)
  const capabilities = withCustomProposals(options.capabilities, options.policy)
  const leafNode = signLeafNode(suite, signatureKeys.privateKey, {
    ...firstLeaf({ ...options, capabilities, alsoUsed, grease }),
    encryptionKey: encryption.publicKey,
    leafNodeSource: { kind: "key_package", lifetime: lifetimeFrom(options.nowMs, options.lifetimeMs) },
  })
  const tree = RatchetTree.ofCreator(suite, leafNode, options.membersLimit)
  const judge = credentialJudge(options.policy.credentialValidator, options.nowMs)
  const reason = acceptsSuite(options.policy, suite.id)
    ? (judge({ credential, signatureKey: signatureKeys.publicKey, place: "creator", predecessor: undefined }) ??
      judgeExternalSenders(judge, [], extensions) ??
      validateMembers(tree, extensions))
    : "suite_not_accepted"
  if (reason !== undefined) throw new RangeError(`the group would be invalid: ${reason}`)
  const context = makeGroupContext({
    cipherSuite: suite.id,
    groupId: new Uint8Array(options.groupId),
    epoch: 0n,
    treeHash: tree.treeHash(),
    confirmedTranscriptHash: new Uint8Array(0),
    extensions,
  })
  const epochSecret = random(suite.sizes.hashBytes)
  const secrets = secretsOf(suite, epochSecret)
  epochSecret.fill(0)
  const tag = confirmationTag(suite, secrets, context.confirmedTranscriptHash)
  return {
    context,
    tree,
    keys: new TreePrivateState(0, encryption.privateKey),
    ...withSecretTree(suite, secrets, tree),
    confirmationTag: tag,
    interimTranscriptHash: interimTranscriptHash(suite, context.confirmedTranscriptHash, tag),
  }
}
