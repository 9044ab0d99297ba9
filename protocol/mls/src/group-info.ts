import type { CipherSuite } from "@qpc/crypto"
import { decodeWhole, Writer } from "@qpc/wire"
import type { Brand, Reader } from "@qpc/wire"
import { readExtensions, writeExtensions } from "./extension.ts"
import type { Extension } from "./extension.ts"
import { readGroupContext, writeGroupContext } from "./group-context.ts"
import type { GroupContext } from "./group-context.ts"
import { signWithLabel, verifyWithLabel } from "./labels.ts"

/** What a newcomer needs to know about a group, as one member states it (RFC 9420 §12.4.3). */
export interface GroupInfo {
  readonly groupContext: GroupContext
  readonly extensions: readonly Extension[]
  readonly confirmationTag: Uint8Array
  /** Leaf index of the member that signed. */
  readonly signer: number
  readonly signature: Uint8Array
  readonly encoded: Uint8Array
  /** The beginning of {@link encoded} that ends before the signature. */
  readonly signed: Uint8Array
}

/** A GroupInfo whose signature was verified. Only {@link verifyGroupInfo} makes one. */
export type VerifiedGroupInfo = Brand<GroupInfo, "VerifiedGroupInfo">

/** Reads a GroupInfo (RFC 9420 §12.4.3). Returns views. @throws DecodeError */
export function readGroupInfo(reader: Reader): GroupInfo {
  const start = reader.offset
  const content = {
    groupContext: readGroupContext(reader),
    extensions: readExtensions(reader),
    confirmationTag: reader.vector(),
    signer: reader.uint32(),
  }
  const signed = reader.since(start)
  const signature = reader.vector()
  return { ...content, signature, encoded: reader.since(start), signed }
}

/** Reads a GroupInfo that fills `bytes`. Returns views. @throws DecodeError */
export function decodeGroupInfo(bytes: Uint8Array): GroupInfo {
  return decodeWhole(bytes, readGroupInfo)
}

/** Signs a GroupInfo (RFC 9420 §12.4.3). */
export function signGroupInfo(
  suite: CipherSuite,
  signaturePrivateKey: Uint8Array,
  content: Pick<GroupInfo, "groupContext" | "extensions" | "confirmationTag" | "signer">,
): GroupInfo {
  const writer = new Writer()
  writeGroupContext(writer, content.groupContext)
  writeExtensions(writer, content.extensions)
  writer.vector(content.confirmationTag).uint32(content.signer)
  writer.vector(signWithLabel(suite, signaturePrivateKey, "GroupInfoTBS", writer.view()))
  return decodeGroupInfo(writer.finish())
}

/**
 * Checks the signature (RFC 9420 §12.4.3).
 *
 * @param signatureKey - That of the leaf `signer` in the tree which the group context names.
 */
export function verifyGroupInfo(
  suite: CipherSuite,
  signatureKey: Uint8Array,
  groupInfo: GroupInfo,
): VerifiedGroupInfo | undefined {
  const isValid = verifyWithLabel(suite, signatureKey, "GroupInfoTBS", groupInfo.signed, groupInfo.signature)
  return isValid ? (groupInfo as VerifiedGroupInfo) : undefined
}
