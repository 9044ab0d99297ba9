import { decodedOrUndefined, decodeWhole } from "@qpc/wire"
import { readRequiredCapabilities } from "./capabilities.ts"
import type { RequiredCapabilities } from "./capabilities.ts"
import { EXTENSION_TYPES, findExtension } from "./extension.ts"
import type { Extension } from "./extension.ts"
import type { RatchetTree } from "./ratchet-tree.ts"

/**
 * Why members do not make up a group together.
 *
 * - `duplicate_encryption_key`: two nodes share a key (RFC 9420 §7.3, §12.4.3.1).
 * - `duplicate_signature_key`: two members share a key (RFC 9420 §7.3).
 * - `credential_not_supported_by_all`: a credential type in use that some member does not list (RFC 9420 §7.3, §13.3).
 * - `extension_not_supported_by_all`: an extension of the group that some member does not list (RFC 9420 §13.4).
 * - `required_capability_missing`: something the group requires that some member does not list (RFC 9420 §7.3, §11.1).
 * - `required_capabilities_malformed`: the group's extension does not decode.
 */
export type MembersReason =
  | "duplicate_encryption_key"
  | "duplicate_signature_key"
  | "credential_not_supported_by_all"
  | "extension_not_supported_by_all"
  | "required_capability_missing"
  | "required_capabilities_malformed"

/**
 * Checks the rules that tie members to each other and to the extensions of their group; `undefined` if all hold.
 *
 * For the tree that a commit leads to (RFC 9420 §12.2), or that a newcomer got. Costs no walk over the members.
 *
 * @param groupExtensions - Of the GroupContext, after the commit.
 */
export function validateMembers(tree: RatchetTree, groupExtensions: readonly Extension[]): MembersReason | undefined {
  const { index } = tree
  if (index.repeatsEncryptionKey) return "duplicate_encryption_key"
  if (index.repeatsSignatureKey) return "duplicate_signature_key"
  const credentials = index.credentialTypesInUse()
  if (!credentials.every((type) => index.everyoneSupportsCredential(type))) return "credential_not_supported_by_all"
  if (!groupExtensions.every(({ extensionType }) => index.everyoneSupportsExtension(extensionType))) {
    return "extension_not_supported_by_all"
  }
  const encoded = findExtension(groupExtensions, EXTENSION_TYPES.requiredCapabilities)
  if (encoded === undefined) return undefined
  const required = decodedOrUndefined(() => decodeWhole(encoded, readRequiredCapabilities))
  if (required === undefined) return "required_capabilities_malformed"
  return everyoneMeets(tree, required) ? undefined : "required_capability_missing"
}

function everyoneMeets({ index }: RatchetTree, required: RequiredCapabilities): boolean {
  return (
    required.extensionTypes.every((type) => index.everyoneSupportsExtension(type)) &&
    required.proposalTypes.every((type) => index.everyoneSupportsProposal(type)) &&
    required.credentialTypes.every((type) => index.everyoneSupportsCredential(type))
  )
}
