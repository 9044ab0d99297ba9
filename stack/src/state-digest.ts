import { decodeDigestResponse, encodeDigestResponse } from "@qpc/gbp"
import { decodedOrUndefined, encodeCbor, equalBytes } from "@qpc/wire"
import type { MemberIds } from "./member-ids.ts"
import type { MlsMember } from "./mls-member.ts"

/** What somebody's word on how things stand is worth. */
export type DigestVerdict =
  /** They are where we are, as far as members go. */
  | { readonly kind: "same"; readonly lastTransitionId: number }
  | { readonly kind: "malformed" | "other_epoch" | "ids_unknown" | "other_members" }

/**
 * How things stand, as the arguments of GROUP_STATE_DIGEST_RESPONSE: epoch, last transition, and a hash of the member ids. The log of
 * control messages is empty: a node keeps none.
 *
 * @returns `undefined` as long as somebody's member id is not known
 */
export function encodeDigest(member: MlsMember, ids: MemberIds): Uint8Array | undefined {
  const memberSetHash = memberSetHashOf(member, ids)
  if (memberSetHash === undefined) return undefined
  const { lastTransitionId } = ids
  return encodeDigestResponse({ epoch: member.epoch, lastTransitionId, memberSetHash, logTail: [] })
}

/** Compares what somebody says with what is so here. */
export function judgeDigest(member: MlsMember, ids: MemberIds, args: Uint8Array): DigestVerdict {
  const response = decodedOrUndefined(() => decodeDigestResponse(args))
  if (response === undefined) return { kind: "malformed" }
  if (response.epoch !== member.epoch) return { kind: "other_epoch" }
  const memberSetHash = memberSetHashOf(member, ids)
  if (memberSetHash === undefined) return { kind: "ids_unknown" }
  if (!equalBytes(response.memberSetHash, memberSetHash)) return { kind: "other_members" }
  return { kind: "same", lastTransitionId: response.lastTransitionId }
}

/** SHA-256 of the canonical CBOR of the member ids, ascending (GBP "Digest"). */
function memberSetHashOf(member: MlsMember, ids: MemberIds): Uint8Array | undefined {
  const known = member.members().flatMap(({ leafIndex }) => ids.memberIdOf(leafIndex) ?? [])
  if (known.length !== member.members().length) return undefined
  return member.hash(encodeCbor(known.toSorted((a, b) => a - b)))
}
