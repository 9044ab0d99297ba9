import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { equalBytes } from "@qpc/wire"
import { credentialType } from "./credential.ts"
import type { Credential } from "./credential.ts"
import { credentialJudge } from "./credential-validator.ts"
import type { CredentialPlace, CredentialReason } from "./credential-validator.ts"
import type { GroupState } from "./group-state.ts"
import type { LeafNode, LeafNodeContent } from "./leaf-node.ts"

/** What a member may change about itself where it gets a new leaf (RFC 9420 §7.2). */
export interface LeafRenewal {
  /** A key pair to sign with from the next epoch on. Copied; the one until now is zeroed when the change takes effect. */
  readonly newSignatureKeys?: KeyPair
  /** Others accept it only as a valid successor of the one until now (RFC 9420 §5.3.1). */
  readonly newCredential?: Credential
  /** Extension types that we know by now, beside those that our leaf lists already. Default none. */
  readonly newExtensionTypes?: readonly number[]
}

/** The next leaf of ours, but for its encryption key and how it comes into the tree. */
export interface RenewedLeaf {
  readonly content: Omit<LeafNodeContent, "encryptionKey" | "leafNodeSource">
  /** Behind `content.signatureKey`. Borrowed. */
  readonly signaturePrivateKey: Uint8Array
}

/** Our leaf in the current epoch. */
export function ownLeaf({ epoch }: Pick<GroupState, "epoch">): LeafNode {
  const leaf = epoch.tree.leaf(epoch.keys.leafIndex)
  if (leaf === undefined) throw new Error("unreachable: our own leaf is blank")
  return leaf
}

/**
 * Our leaf as it is, with what shall change; or why others would refuse it, as far as our own validator tells.
 *
 * @throws RangeError if the new signature keys are not a pair
 */
export function renewLeaf(
  state: GroupState,
  renewal: LeafRenewal,
  place: Extract<CredentialPlace, "update" | "commit">,
  nowMs: number,
): RenewedLeaf | CredentialReason {
  const { suite, policy, signaturePrivateKey } = state
  const { newSignatureKeys: keys, newCredential, newExtensionTypes = [] } = renewal
  if (keys !== undefined) assertPair(suite, keys)
  const predecessor = ownLeaf(state)
  const { capabilities, extensions } = predecessor
  const credential = newCredential ?? predecessor.credential
  const signatureKey = keys?.publicKey.slice() ?? predecessor.signatureKey
  const judge = credentialJudge(policy.credentialValidator, nowMs)
  const refusal = judge({ credential, signatureKey, place, predecessor })
  if (refusal !== undefined) return refusal
  const credentials = [...new Set([...capabilities.credentials, credentialType(credential)])]
  const known = [...new Set([...capabilities.extensions, ...newExtensionTypes])]
  return {
    content: {
      signatureKey,
      credential,
      capabilities: { ...capabilities, credentials, extensions: known },
      extensions,
    },
    signaturePrivateKey: keys?.privateKey ?? signaturePrivateKey,
  }
}

function assertPair(suite: CipherSuite, { publicKey, privateKey }: KeyPair): void {
  const derived = suite.signaturePublicKey(privateKey)
  if (derived === undefined || !equalBytes(derived, publicKey))
    throw new RangeError("the new signature keys are no pair")
}
