import type { Context } from "./context.ts"
import type { IdentityRecord } from "./records.ts"
import type { Change } from "./store.ts"

/**
 * Stores what becomes of our own record as it is when its turn comes: other changes may have been made since the caller looked, and
 * none of them may be undone.
 *
 * @param next - asked in turn; what it throws is thrown here, and nothing is stored
 * @param also - stored with it
 */
export function changeIdentity(
  { turn, store, profile, self }: Context,
  next: () => IdentityRecord,
  also: readonly Change[] = [],
): Promise<void> {
  return turn.takeAlways(async () => {
    const record = next()
    await store.commit([profile.putIdentity(record), ...also])
    self.become(record)
  })
}
