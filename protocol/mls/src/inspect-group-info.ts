import type { CipherSuite } from "@qpc/crypto"
import { DecodeError } from "@qpc/wire"
import { memberAt } from "./apply-proposals.ts"
import { believeGroupInfo } from "./believe-group-info.ts"
import type { GroupInfoReason } from "./believe-group-info.ts"
import type { Extension } from "./extension.ts"
import { ownedGroupContext } from "./group-context.ts"
import { limitsWith } from "./limits.ts"
import type { GroupLimits } from "./limits.ts"
import { decodeMlsMessage } from "./mls-message.ts"
import type { MlsMessage } from "./mls-message.ts"
import { policyWith } from "./policy.ts"
import type { GroupPolicy } from "./policy.ts"
import type { Member } from "./staged-commit.ts"

/** A group as one of its members describes it to those outside (RFC 9420 §12.4.3). */
export interface InspectedGroup {
  readonly groupId: Uint8Array
  readonly epoch: bigint
  /** The group context as all members of the epoch hash it (RFC 9420 §8.1). */
  readonly context: Uint8Array
  /** Extensions of the group context. */
  readonly extensions: readonly Extension[]
  /** What the signer says beside the group context: extensions of the GroupInfo. Views. */
  readonly statements: readonly Extension[]
  readonly members: readonly Member[]
  /** Leaf index of the member who says so. */
  readonly signer: number
}

/**
 * Reads a published GroupInfo and checks all that an outsider can check: signature, tree, members. Total for foreign bytes.
 *
 * @param options.groupInfo - MLSMessage.
 * @param options.ratchetTree - Where it is not inside.
 */
export function inspectGroupInfo(options: {
  readonly suite: CipherSuite
  readonly groupInfo: Uint8Array
  readonly ratchetTree?: Uint8Array
  readonly limits?: Partial<GroupLimits>
  readonly policy?: Partial<Pick<GroupPolicy, "cipherSuites" | "credentialValidator">>
  /** By which credentials are judged, in milliseconds since the Unix epoch. */
  readonly nowMs?: number
}):
  | { readonly kind: "believed"; readonly group: InspectedGroup }
  | { readonly kind: "rejected"; readonly reason: GroupInfoReason | "malformed" | "not_a_group_info" } {
  const message = decodeOrUndefined(options.groupInfo)
  if (message === undefined) return { kind: "rejected", reason: "malformed" }
  if (message.kind !== "group_info") return { kind: "rejected", reason: "not_a_group_info" }
  const { suite, ratchetTree, limits, nowMs } = options
  const policy = policyWith(options.policy)
  const believed = believeGroupInfo(
    { suite, ratchetTree, isKnownGroup: undefined, limits: limitsWith(limits), policy, nowMs },
    message.message,
  )
  if (typeof believed === "string") return { kind: "rejected", reason: believed }
  const { info, tree } = believed
  const { groupId, epoch, extensions, encoded: context } = ownedGroupContext(info.groupContext)
  const members = Array.from(tree.members(), ({ leafIndex }) => memberAt(tree, leafIndex))
  const { signer, extensions: statements } = info
  return { kind: "believed", group: { groupId, epoch, context, extensions, statements, members, signer } }
}

/**
 * The cipher suite that a key package, a Welcome or a GroupInfo names, so that the right one can be brought along.
 *
 * `undefined` for other messages, which are of a known group, and for bytes that are no MLSMessage.
 */
export function cipherSuiteOf(bytes: Uint8Array): number | undefined {
  const message = decodeOrUndefined(bytes)
  switch (message?.kind) {
    case "key_package":
    case "welcome":
      return message.message.cipherSuite
    case "group_info":
      return message.message.groupContext.cipherSuite
    case "public_message":
    case "private_message":
    case undefined:
      return undefined
  }
}

function decodeOrUndefined(bytes: Uint8Array): MlsMessage | undefined {
  try {
    // Copied: what is told about members outlives the call.
    return decodeMlsMessage(new Uint8Array(bytes))
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
