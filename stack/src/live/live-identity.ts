import type { CipherSuite, KeyPair } from "@qpc/crypto"
import type { LiveLimits } from "@qpc/gbp"
import type { Credential, Member } from "@qpc/mls"
import type { Random } from "@qpc/wire"

/** Who somebody is in a live group. */
export interface LiveIdentity {
  /** Its hash is SHA-256. */
  readonly suite: CipherSuite
  readonly credential: Credential
  /** The key that the leaf signs with. The private half is copied. */
  readonly signatureKeys: KeyPair
  readonly random: Random
  /** Says whether somebody may be in the group; a commit that lets somebody else in is not followed. Default: everybody may. */
  readonly accepts?: (newcomer: Member) => boolean
  readonly limits?: Partial<LiveLimits>
}
