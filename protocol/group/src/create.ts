import type { CipherSuite, KeyPair } from "@qpc/crypto"
import type { GroupId, Random } from "@qpc/wire"
import type { GroupEvent } from "./event.ts"
import type { KeyPackageBundle } from "./key-packages.ts"
import type { GroupLimits } from "./limits.ts"
import type { Member } from "./member.ts"
import type { OnLayer } from "./trace.ts"

/** What a member needs from its surroundings, every time it comes to life. */
export interface MemberSurroundings {
  /** The device's Ed25519 key pair. Borrowed for as long as the member lives: zero it after the member. */
  readonly identity: KeyPair
  /** Fresh bytes for keys and ids. Seed it in tests and everything repeats byte for byte. */
  readonly random: Random
  readonly limits?: GroupLimits
  readonly onLayer?: OnLayer
}

/** What {@link createMember} needs. */
export interface CreateMemberOptions extends MemberSurroundings {
  readonly suite: CipherSuite
  readonly groupId: GroupId
  readonly name: string
  readonly nowMs: number
}

/** What {@link joinMember} needs. */
export interface JoinMemberOptions extends MemberSurroundings {
  readonly suite: CipherSuite
  /** An envelope of kind `welcome`. */
  readonly envelope: Uint8Array
  /** Our unused key packages; the Welcome names the one it was made for. */
  readonly bundles: readonly KeyPackageBundle[]
  readonly nowMs: number
}

/** What came of a Welcome. */
export type Joined =
  | {
      readonly kind: "joined"
      readonly member: Member
      /** Forget this key package, unless it is a last-resort one. */
      readonly usedKeyPackageRef: Uint8Array
      readonly events: readonly GroupEvent[]
    }
  | { readonly kind: "rejected"; readonly reason: JoinRejection }

/** Why a Welcome was of no use. */
export type JoinRejection =
  | "malformed"
  /** None of `bundles` is the one it was made for: consumed, expired, or another device's. */
  | "no_matching_key_package"
  /** The Welcome does not open, or what it opens is not a valid group. */
  | "welcome_rejected"
  /** The label of the envelope and the group inside are not the same. */
  | "header_mismatch"
  /** Not one of our groups: no name, or a member whose credential is not its signature key. */
  | "not_a_qpc_group"

/** Starts a group of one. @throws RangeError for a name or group id of a wrong length */
export function createMember(_options: CreateMemberOptions): Member {
  throw new Error("unreachable: replaced before use")
}

/** Enters the group of a Welcome. Total for foreign bytes. */
export function joinMember(_options: JoinMemberOptions): Joined {
  throw new Error("unreachable: replaced before use")
}

/**
 * Wakes a stored member.
 *
 * @throws GroupStateError if `bytes` is not what {@link Member.toBytes} wrote, or belongs to another identity
 */
export function memberFromBytes(_suite: CipherSuite, _bytes: Uint8Array, _surroundings: MemberSurroundings): Member {
  throw new Error("unreachable: replaced before use")
}
