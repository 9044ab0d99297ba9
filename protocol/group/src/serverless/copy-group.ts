import type { KeyPair } from "@qpc/crypto"
import { Group } from "@qpc/mls"
import { mlsRules } from "../mls-rules.ts"
import type { MemberState } from "../member-state.ts"

/**
 * A copy of an epoch's group, its pending commit included, in order to leave the epoch at once by a commit. Nothing may be sent
 * with the copy before that: two ratchets would use each key twice.
 *
 * Takes O(n) for n members.
 */
export function copyGroup({ suite, group, limits }: MemberState, signatureKeys: KeyPair): Group {
  const bytes = group.toBytes()
  try {
    return Group.fromBytes(suite, bytes, { signatureKeys, ...mlsRules(suite, limits) })
  } finally {
    bytes.fill(0)
  }
}
