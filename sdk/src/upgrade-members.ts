import type { KeyPair } from "@qpc/crypto"
import type { Context } from "./context.ts"
import type { Change } from "./store.ts"

/**
 * Moves the members of a profile of the first format, each in one piece, into records: all of them or none, but for those that are
 * damaged, which stay as they are.
 *
 * @throws what a commit throws; then nothing was changed
 */
export async function upgradeMembers(
  { store, profile, groups }: Pick<Context, "store" | "profile" | "groups">,
  identity: KeyPair,
): Promise<void> {
  const changes: Change[] = []
  for await (const { groupId, state } of profile.wholeMembers()) {
    using member = groups.wakeWhole(groupId, state, identity)
    if (member === undefined) continue
    changes.push(...(await profile.putMember(groupId, member.takeChanges())))
  }
  if (changes.length > 0) await store.commit(changes)
}
