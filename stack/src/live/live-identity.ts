import type { CipherSuite, KeyPair } from "@qpc/crypto"
import type { LiveLimits } from "@qpc/gbp"
import type { Credential, Member } from "@qpc/mls"
import type { Random } from "@qpc/wire"
import type { StackCapabilities } from "../capabilities-extension.ts"

/** Who somebody is in a live group. */
export interface LiveIdentity {
  /** Its hash is SHA-256. */
  readonly suite: CipherSuite
  readonly credential: Credential
  /** The key that the leaf signs with. The private half is copied. */
  readonly signatureKeys: KeyPair
  readonly random: Random
  /** What this program can do, for its leaf to sign. Default version 2 and nothing optional. */
  readonly capabilities?: StackCapabilities
  /** Says whether somebody may be in the group; a commit that lets somebody else in is not followed. Default: everybody may. */
  readonly accepts?: (newcomer: Member) => boolean
  readonly limits?: Partial<LiveLimits>
}
