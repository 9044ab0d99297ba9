import { MEMBER_ID_END } from "@qpc/gbp"
import type { Membership } from "@qpc/gbp"
import { fromHex, toHex } from "@qpc/wire"
import type { MlsMember } from "./mls-member.ts"
import { signedMemberId } from "./member-id-extension.ts"
import { StackError } from "./stack-error.ts"

/** Members whose ids are remembered, those who left included: their ids are nobody else's ever. */
const IDS_MAX = 100_000

/** Whose a member id is. */
export interface MemberIdOwner {
  readonly memberId: number
  readonly signatureKey: Uint8Array
}

/**
 * Which member id is whose. A leaf that signs its id has that one; any other is bound to the id of its first authenticated frame, or
 * to what the application says. An id belongs to a signature key for ever: nobody takes it over, not even with the same leaf.
 */
export class MemberIds implements Membership {
  readonly ownId: number
  readonly #member: () => MlsMember
  /** By id, the signature key whose it is. */
  readonly #owners = new Map<number, string>()
  /** By signature key. */
  readonly #ids = new Map<string, number>()
  /** The last one whose signed ids were noted. */
  #notedEpoch: bigint | undefined
  lastTransitionId = 0

  /** @throws RangeError for a number that is no member id */
  constructor(ownId: number, member: () => MlsMember) {
    assertMemberId(ownId)
    this.ownId = ownId
    this.#member = member
  }

  memberIdOf(leafIndex: number, epoch: bigint = this.#member().epoch): number | undefined {
    const member = this.#member()
    if (leafIndex === member.ownLeafIndex) return this.ownId
    const leaf = member.member(leafIndex, epoch)
    if (leaf === undefined) return undefined
    const key = toHex(leaf.signatureKey)
    const signed = signedMemberId(leaf.extensions)
    if (signed === undefined) return this.#ids.get(key)
    const isFree = signed !== "malformed" && signed !== this.ownId && (this.#owners.get(signed) ?? key) === key
    return isFree ? signed : undefined
  }

  mayTakeId(leafIndex: number, memberId: number, epoch: bigint = this.#member().epoch): boolean {
    const leaf = this.#member().member(leafIndex, epoch)
    if (leaf === undefined || signedMemberId(leaf.extensions) !== undefined) return false
    if (memberId === this.ownId || this.#owners.has(memberId) || this.#owners.size >= IDS_MAX) return false
    // Who is about to come in is named by a PREPARE that everybody has seen.
    const comers = this.#member().staged?.report.added ?? []
    return [...this.#member().members(), ...comers].every(({ extensions }) => signedMemberId(extensions) !== memberId)
  }

  /** Notes the ids that leaves sign, before their first frames: who is removed unheard keeps them from others too. */
  noteSigned(): void {
    const { epoch } = this.#member()
    if (epoch === this.#notedEpoch) return
    for (const { leafIndex, extensions } of this.#member().members()) {
      const signed = signedMemberId(extensions)
      if (typeof signed === "number") this.note(leafIndex, signed)
    }
    this.#notedEpoch = epoch
  }

  /** Notes the id of a leaf whose frame was delivered. Does nothing where it is known. */
  note(leafIndex: number, memberId: number, epoch: bigint = this.#member().epoch): void {
    const leaf = this.#member().member(leafIndex, epoch)
    if (leaf === undefined || memberId === this.ownId) return
    if (this.#owners.has(memberId) || this.#owners.size >= IDS_MAX) return
    const key = toHex(leaf.signatureKey)
    this.#owners.set(memberId, key)
    this.#ids.set(key, memberId)
  }

  /**
   * Binds a leaf to an id.
   *
   * @throws RangeError for a number that is no member id, or a leaf that nobody has
   * @throws StackError `member_id_taken` if either belongs to another already
   */
  bind(leafIndex: number, memberId: number): void {
    assertMemberId(memberId)
    if (this.#member().member(leafIndex) === undefined) throw new RangeError(`nobody is at leaf ${leafIndex}`)
    const known = this.memberIdOf(leafIndex)
    if (known === memberId) return
    if (known !== undefined || !this.mayTakeId(leafIndex, memberId)) {
      throw new StackError("member_id_taken", `leaf ${leafIndex} cannot be member ${memberId}: ids never change hands`)
    }
    this.note(leafIndex, memberId)
  }

  /** Everybody whose id is remembered, those who left included. */
  owners(): readonly MemberIdOwner[] {
    return [...this.#owners].map(([memberId, key]) => ({ memberId, signatureKey: fromHex(key) }))
  }

  /** @throws StackError `bad_state` for owners who contradict each other or what is known already */
  assertMayRestore(owners: readonly MemberIdOwner[]): void {
    const isOther = ({ memberId, signatureKey }: MemberIdOwner): boolean =>
      memberId === this.ownId || (this.#owners.get(memberId) ?? toHex(signatureKey)) !== toHex(signatureKey)
    const isRepeated = new Set(owners.map(({ memberId }) => memberId)).size !== owners.length
    if (owners.length > IDS_MAX || isRepeated || owners.some(isOther)) {
      throw new StackError(
        "bad_state",
        "the stored member ids are of another node: make a new node and restore its own",
      )
    }
  }

  /** Takes up what {@link owners} gave; check it before. */
  restore(owners: readonly MemberIdOwner[]): void {
    for (const { memberId, signatureKey } of owners) {
      this.#owners.set(memberId, toHex(signatureKey))
      this.#ids.set(toHex(signatureKey), memberId)
    }
  }
}

function assertMemberId(memberId: number): void {
  if (!Number.isInteger(memberId) || memberId < 0 || memberId >= MEMBER_ID_END) {
    throw new RangeError(`a member id is an integer from 0 to ${MEMBER_ID_END - 1}, not ${memberId}`)
  }
}
