import { equalBytes } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { encodeSettings } from "../group-settings.ts"
import type { GroupSettings } from "../group-settings.ts"
import type { Member } from "../member.ts"
import { withoutRolesOf } from "../permissions.ts"

/** In which state somebody says that a group is. */
export interface RejoinWitness {
  readonly by: IdentityKey
  /** Hash of the group context (RFC 9420 §8.1): members who name the same one are in the same epoch of the same group. */
  readonly contextHash: Uint8Array
}

/**
 * True if everybody may do what they could do when we last followed the group, people who came and went included.
 *
 * Who answers could have given themselves a role by a commit that all others refused: it is not to be told from one that was allowed.
 *
 * @param leftOut - Somebody whose own role does not count. Default: nobody
 */
export function hasSameRoles(
  before: GroupSettings | undefined,
  after: GroupSettings | undefined,
  leftOut?: IdentityKey,
): boolean {
  if (before === undefined || after === undefined) return before === after
  const rolesOf = (settings: GroupSettings): Uint8Array =>
    encodeSettings({ ...before, ...withoutRolesOf(settings, leftOut === undefined ? [] : [leftOut]) })
  return equalBytes(rolesOf(before), rolesOf(after))
}

/**
 * True if two people say the same who were both in the group when we last followed it: whoever answers alone could have brought the other
 * one in.
 */
export function isWitnessed(earlier: Member, answer: RejoinWitness, heard: readonly RejoinWitness[]): boolean {
  const people = earlier.members()
  const isKnown = ({ by }: RejoinWitness): boolean => people.some(({ identityKey }) => equalBytes(identityKey, by))
  const says = (one: RejoinWitness): boolean =>
    !equalBytes(one.by, answer.by) && equalBytes(one.contextHash, answer.contextHash) && isKnown(one)
  return isKnown(answer) && heard.some(says)
}
