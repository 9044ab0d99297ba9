import { isOfMissingSuite, keyPackageBundleFromBytes } from "@qpc/group"
import type { CipherSuite } from "@qpc/crypto"
import { DecodeError, equalBytes } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { MOST_REFUSED_GROUPS } from "./key-package-record.ts"
import type { KeyPackageRecord } from "./key-package-record.ts"
import type { Profile } from "./profile.ts"
import type { Change } from "./store.ts"

/** Where the key packages are, and what can read them. */
interface LastResortParts {
  readonly profile: Profile
  readonly suites: readonly CipherSuite[]
}

/**
 * Has our last-resort key packages, those of before among them, open nothing of these groups again: several Welcomes may be for one, and
 * one that was opened before the keys of its group were deleted would bring the same keys back. Invitations into other groups that are on
 * their way are opened. What is said stays with the private key for as long as there is one. Another key package takes its place at the
 * server, on this connection (`Link.stockUp`) or the next, so that these groups can be entered again. A key package that cannot be read is deleted.
 */
export async function refuseLastResortsFor(
  { profile, suites }: LastResortParts,
  groupIds: readonly GroupId[],
): Promise<readonly Change[]> {
  const changes: Change[] = []
  for await (const { ref, ...record } of profile.keyPackages()) {
    const kind = kindOf(suites, record.bundle)
    if (kind === "for_one") continue
    const refusedFor = [...record.refusedFor]
    for (const groupId of groupIds) if (opens({ refusedFor }, groupId)) refusedFor.push(groupId)
    const isKept = kind !== "unreadable" && refusedFor.length <= MOST_REFUSED_GROUPS
    changes.push(isKept ? profile.putKeyPackage(ref, { ...record, refusedFor }) : profile.forgetKeyPackage(ref))
  }
  return changes
}

/** False where a Welcome into this group must not be opened with the key package. */
export function opens({ refusedFor }: Pick<KeyPackageRecord, "refusedFor">, groupId: GroupId): boolean {
  return !refusedFor.some((refused) => equalBytes(refused, groupId))
}

/** What nobody can tell apart, because this program lacks its suite, counts as one for several Welcomes. */
function kindOf(suites: readonly CipherSuite[], stored: Uint8Array): "for_one" | "for_several" | "unreadable" {
  if (isOfMissingSuite(suites, stored)) return "for_several"
  try {
    using bundle = keyPackageBundleFromBytes(suites, stored)
    return bundle.isLastResort ? "for_several" : "for_one"
  } catch (error) {
    if (error instanceof DecodeError) return "unreadable"
    throw error
  }
}
