import { decodeWhole, DecodeError, encode } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { EXTENSION_TYPES, findExtension } from "./extension.ts"
import type { Extension } from "./extension.ts"
import { greaseExtension, withGrease } from "./grease.ts"
import { signGroupInfo } from "./group-info.ts"
import type { GroupState } from "./group-state.ts"
import { externalPublicKey } from "./key-schedule.ts"
import { encodeMlsMessage } from "./mls-message.ts"
import { encodeRatchetTree } from "./tree-codec.ts"

/** What a published GroupInfo shall hold beside the state of the group. */
export interface GroupInfoOptions {
  /** False to hand out the ratchet tree beside it. Default true. */
  readonly treeInside?: boolean
  /** True to enable whoever gets it to join by an external commit (RFC 9420 §12.4.3.2). Default false. */
  readonly externalPub?: boolean
  /** Others, for whoever understands them. */
  readonly extensions?: readonly Extension[]
  /** For an extension that means nothing (RFC 9420 §13.5). Without it there is none. */
  readonly random?: Random
}

/** A statement of the current epoch for those outside (RFC 9420 §12.4.3). */
export interface PublishedGroupInfo {
  /** MLSMessage. Not secret, but it tells who is in the group: publish it to those who may know. */
  readonly groupInfo: Uint8Array
  /** Where it is not inside. */
  readonly ratchetTree: Uint8Array | undefined
}

/** Signs a GroupInfo of the current epoch. It is of use until the next commit. */
export function publishGroupInfo(state: GroupState, options: GroupInfoOptions): PublishedGroupInfo {
  const { suite, epoch, signaturePrivateKey } = state
  const extensions: Extension[] = [...(options.extensions ?? [])]
  const ratchetTree = encodeRatchetTree(epoch.tree)
  const treeInside = options.treeInside !== false
  if (treeInside) extensions.push({ extensionType: EXTENSION_TYPES.ratchetTree, extensionData: ratchetTree })
  if (options.externalPub === true) {
    const key = externalPublicKey(suite, epoch.secrets.externalSecret)
    const extensionData = encode((writer) => writer.vector(key))
    extensions.push({ extensionType: EXTENSION_TYPES.externalPub, extensionData })
  }
  const grease = options.random && greaseExtension(options.random, "everywhere")
  const message = signGroupInfo(suite, signaturePrivateKey, {
    groupContext: epoch.context,
    extensions: withGrease(extensions, grease),
    confirmationTag: epoch.confirmationTag,
    signer: epoch.keys.leafIndex,
  })
  const groupInfo = encodeMlsMessage({ kind: "group_info", message })
  return { groupInfo, ratchetTree: treeInside ? undefined : ratchetTree }
}

/** The key in an `external_pub` extension (RFC 9420 §12.4.3.2), or why there is none. */
export function readExternalPub(
  extensions: readonly Extension[],
): Uint8Array | "external_pub_missing" | "external_pub_malformed" {
  const encoded = findExtension(extensions, EXTENSION_TYPES.externalPub)
  if (encoded === undefined) return "external_pub_missing"
  try {
    return decodeWhole(encoded, (reader) => reader.vector())
  } catch (error) {
    if (error instanceof DecodeError) return "external_pub_malformed"
    throw error
  }
}
