import { isOfMissingSuite, keyPackageBundleFromBytes } from "@qpc/group"
import type { CipherSuite } from "@qpc/crypto"
import { DecodeError } from "@qpc/wire"
import type { Profile } from "./profile.ts"
import type { Change } from "./store.ts"

/**
 * Deletes our last-resort key packages, those of before among them: several Welcomes may be for one, and one that was opened before would
 * bring the same keys back. What no one can tell apart, damaged or of a suite that this program lacks, goes as well.
 */
export async function lastResortsOf({
  profile,
  suites,
}: {
  readonly profile: Profile
  readonly suites: readonly CipherSuite[]
}): Promise<readonly Change[]> {
  const gone: Change[] = []
  for await (const { ref, bundle } of profile.keyPackages()) {
    if (mayBeLastResort(suites, bundle)) gone.push(profile.forgetKeyPackage(ref))
  }
  return gone
}

function mayBeLastResort(suites: readonly CipherSuite[], stored: Uint8Array): boolean {
  if (isOfMissingSuite(suites, stored)) return true
  try {
    using bundle = keyPackageBundleFromBytes(suites, stored)
    return bundle.isLastResort
  } catch (error) {
    if (error instanceof DecodeError) return true
    throw error
  }
}
