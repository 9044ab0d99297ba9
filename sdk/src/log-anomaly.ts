import type { GroupEvent } from "@qpc/group"
import { equalBytes } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { Context } from "./context.ts"
import type { Profile } from "./profile.ts"
import type { Transaction } from "./transaction.ts"

/** What {@link noteAnomaly} asks of a client. */
interface Surroundings extends Pick<Context, "limits"> {
  readonly profile: Pick<Profile, "notices">
}

/**
 * Writes down what is wrong with the log of a group's epochs. That a member goes by another key of the server their every message shows,
 * and with each start anew: as long as the notice is kept, nobody need hear it again.
 */
export async function noteAnomaly(
  { profile, limits }: Surroundings,
  tx: Pick<Transaction, "notice">,
  groupId: GroupId,
  event: GroupEvent & { readonly kind: "log_anomaly" },
): Promise<void> {
  const about = { seq: 0n, sizeBytes: 0, groupId, reason: event.reason }
  if (event.reason !== "other_server_key") return tx.notice(about)
  const { by } = event
  const kept = await profile.notices(limits.noticesKept)
  const isKept = kept.some(({ record: { reason, groupId: ofGroup, person } }) => {
    return reason === event.reason && isSame(ofGroup, groupId) && isSame(person, by)
  })
  if (!isKept) tx.notice({ ...about, person: by })
}

const isSame = (key: Uint8Array | undefined, other: Uint8Array): boolean => key !== undefined && equalBytes(key, other)
