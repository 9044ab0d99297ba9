import { MEMBER_ID_END } from "@qpc/gbp"

/** Ids that each member has for sources of its own. */
const SOURCES_PER_MEMBER_ID = 100

/**
 * The id of a member's source: `memberId × 100 + number`, the step that stream ids have too (GBP "Stream ids").
 *
 * @param number - Which of the member's sources it is, from 0 to 99.
 * @throws RangeError
 */
export function mediaSourceIdOf(memberId: number, number: number): number {
  if (!Number.isInteger(memberId) || memberId < 0 || memberId >= MEMBER_ID_END) {
    throw new RangeError(`not a member id: ${memberId}`)
  }
  if (!Number.isInteger(number) || number < 0 || number >= SOURCES_PER_MEMBER_ID) {
    throw new RangeError(`a member's sources are numbered from 0 to ${SOURCES_PER_MEMBER_ID - 1}, not ${number}`)
  }
  return memberId * SOURCES_PER_MEMBER_ID + number
}

/** True if a source is the member's by its id ({@link mediaSourceIdOf}). */
export function isSourceOfMember(mediaSourceId: number, memberId: number): boolean {
  return Math.floor(mediaSourceId / SOURCES_PER_MEMBER_ID) === memberId
}
