import type { CipherSuite } from "@qpc/crypto"
import type { GroupPolicy } from "@qpc/mls"
import { deviceValidator } from "./device-credential.ts"
import type { ResolvedLimits } from "./limits.ts"

/**
 * What the MLS group takes: of proposals only those that `leave-requests.ts` accepts, of external commits those that
 * `rejoin/check-rejoin.ts` does.
 */
export function mlsRules(
  suite: CipherSuite,
  { pastEpochs, members }: ResolvedLimits,
): {
  readonly limits: { readonly pastEpochs: number; readonly members: number }
  readonly policy: Partial<GroupPolicy>
} {
  return {
    limits: { pastEpochs, members },
    policy: { proposals: true, externalCommits: true, credentialValidator: deviceValidator(suite) },
  }
}
