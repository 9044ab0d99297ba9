import type { CipherSuite } from "@qpc/crypto"
import type { Capabilities } from "./capabilities.ts"
import { credentialType } from "./credential.ts"
import type { Credential } from "./credential.ts"
import { isDefaultExtension } from "./extension.ts"
import type { Extension } from "./extension.ts"
import { greased, withGrease } from "./grease.ts"
import type { Grease } from "./grease.ts"
import type { LeafNodeContent } from "./leaf-node.ts"
import { isDefaultProposal } from "./proposal.ts"
import { MLS_10 } from "./protocol-version.ts"

/** What the first leaf of a member is made of; later ones take it over. */
export interface FirstLeafOptions {
  readonly suite: CipherSuite
  readonly credential: Credential
  readonly signatureKeys: { readonly publicKey: Uint8Array }
  readonly leafExtensions?: readonly Extension[]
  /** What the caller claims beside what is needed anyway. */
  readonly capabilities?: Partial<Capabilities>
  /** Types of extensions elsewhere that the leaf has to list. */
  readonly alsoUsed?: readonly number[]
  readonly grease: Grease | undefined
}

/** Our leaf but for its encryption key and how it comes into the tree (RFC 9420 §7.2). */
export function firstLeaf(options: FirstLeafOptions): Omit<LeafNodeContent, "encryptionKey" | "leafNodeSource"> {
  const { credential, signatureKeys, grease } = options
  const extensions = withGrease(options.leafExtensions ?? [], grease?.leafExtension)
  const alsoUsed = [...extensions.map(({ extensionType }) => extensionType), ...(options.alsoUsed ?? [])]
  return {
    signatureKey: signatureKeys.publicKey,
    credential,
    capabilities: ownCapabilities(options, alsoUsed),
    extensions,
  }
}

/** What is needed anyway, and what the caller adds. Types that every client has are left out (RFC 9420 §7.2). */
function ownCapabilities(
  { suite, credential, capabilities = {}, grease }: FirstLeafOptions,
  extensionTypes: readonly number[],
): Capabilities {
  const claimed = grease === undefined ? capabilities : greased(capabilities, grease)
  return {
    versions: unique([MLS_10], claimed.versions),
    cipherSuites: unique([suite.id], claimed.cipherSuites),
    extensions: unique(extensionTypes, claimed.extensions).filter((type) => !isDefaultExtension(type)),
    proposals: unique([], claimed.proposals).filter((type) => !isDefaultProposal(type)),
    credentials: unique([credentialType(credential)], claimed.credentials),
  }
}

function unique(needed: readonly number[], more: readonly number[] | undefined): number[] {
  return [...new Set([...needed, ...(more ?? [])])]
}
