import type { CipherSuite } from "@qpc/crypto"
import { withSecretTree } from "./epoch.ts"
import type { Epoch } from "./epoch.ts"
import type { Extension } from "./extension.ts"
import { makeGroupContext } from "./group-context.ts"
import type { GroupContext } from "./group-context.ts"
import { confirmationTag, epochSecrets, joinerSecret, memberSecret, welcomeSecret } from "./key-schedule.ts"
import { pskSecret } from "./psk.ts"
import type { PreSharedKey } from "./psk.ts"
import type { RatchetTree } from "./ratchet-tree.ts"
import type { SignedContent } from "./send.ts"
import { confirmedTranscriptHash, interimTranscriptHash } from "./transcript-hash.ts"
import type { TreePrivateState } from "./tree-private-state.ts"

/** What a commit changes, as its author and everyone who follows it know it (RFC 9420 §12.4.1, §12.4.2). */
export interface EpochStep {
  readonly suite: CipherSuite
  readonly previous: Pick<Epoch, "context" | "interimTranscriptHash">
  /** With all changes of the commit. Taken over. */
  readonly tree: RatchetTree
  /** Ours for that tree. Taken over. */
  readonly keys: TreePrivateState
  readonly extensions: readonly Extension[]
  /** That of the previous epoch, or what an external commit brought. Borrowed. */
  readonly initSecret: Uint8Array
  /** Borrowed. */
  readonly commitSecret: Uint8Array
  /** Borrowed. */
  readonly psks: readonly PreSharedKey[]
  readonly commit: SignedContent
}

/** The epoch that a commit opens, and what its newcomers need. */
export interface OpenedEpoch {
  readonly epoch: Epoch
  /** The caller's to zero. */
  readonly joinerSecret: Uint8Array
  /** The caller's to zero. */
  readonly welcomeSecret: Uint8Array
}

/** The group context that path secrets are bound to: the new tree with the old transcript (RFC 9420 §12.4.1). */
export function provisionalContext(
  previous: GroupContext,
  treeHash: Uint8Array,
  extensions: readonly Extension[],
): Uint8Array {
  const { cipherSuite, groupId, epoch, confirmedTranscriptHash: transcript } = previous
  const content = { cipherSuite, groupId, epoch: epoch + 1n, treeHash, confirmedTranscriptHash: transcript, extensions }
  return makeGroupContext(content).encoded
}

/** Advances transcript and key schedule (RFC 9420 §8, §8.2). */
export function openNextEpoch(step: EpochStep): OpenedEpoch {
  const { suite, previous, tree, keys, extensions, commit } = step
  const { cipherSuite, groupId, epoch } = previous.context
  const confirmedHash = confirmedTranscriptHash(suite, previous.interimTranscriptHash, commit)
  const context = makeGroupContext({
    cipherSuite,
    groupId,
    epoch: epoch + 1n,
    treeHash: tree.treeHash(),
    confirmedTranscriptHash: confirmedHash,
    extensions,
  })
  const psk = pskSecret(suite, step.psks)
  const joiner = joinerSecret(suite, step.initSecret, step.commitSecret, context)
  const member = memberSecret(suite, joiner, psk)
  const welcome = welcomeSecret(suite, member)
  const secrets = epochSecrets(suite, member, context)
  for (const used of [psk, member]) used.fill(0)
  const tag = confirmationTag(suite, secrets, confirmedHash)
  return {
    epoch: {
      context,
      tree,
      keys,
      ...withSecretTree(suite, secrets, tree),
      confirmationTag: tag,
      interimTranscriptHash: interimTranscriptHash(suite, confirmedHash, tag),
    },
    joinerSecret: joiner,
    welcomeSecret: welcome,
  }
}
