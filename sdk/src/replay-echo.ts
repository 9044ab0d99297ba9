import { receiveEnvelope } from "@qpc/group"
import type { GroupId } from "@qpc/wire"
import type { Context } from "./context.ts"
import { takeRejoin } from "./rejoin.ts"
import { entersForLater } from "./rejoin-state.ts"
import { Transaction } from "./transaction.ts"

/**
 * Goes on with our commit back into a group whose end came while a program ran that could not wake who we are by it: the commit that the
 * server took waits among what was kept. Call it inside the turn.
 */
export async function replayEcho(context: Context, groupId: GroupId): Promise<void> {
  const { rejoining, profile, parked } = context
  const { stage } = rejoining.find(groupId) ?? {}
  if (stage?.at !== "committed" || entersForLater(context, groupId)) return
  for await (const { seq, envelope: bytes } of profile.parked(groupId)) {
    const received = receiveEnvelope(bytes)
    if (received.kind === "drop" || received.envelope.kind !== "commit") continue
    const { envelope } = received
    if (envelope.epoch > stage.epoch) continue
    await Transaction.run(context, "up", async (tx) => {
      tx.change(profile.forgetParked(groupId, seq))
      tx.afterwards(() => parked.drop(groupId, bytes.length))
      await takeRejoin(context, tx, envelope, bytes, { seq, sizeBytes: bytes.length })
    })
    if (envelope.epoch === stage.epoch) return
  }
}
