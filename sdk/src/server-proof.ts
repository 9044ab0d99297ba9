import { verifyEquivocation } from "@qpc/group"
import type { EpochLogOptions } from "@qpc/group"
import { DecodeError } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import { OWN_STEP, recordStep } from "./record-step.ts"
import { Transaction } from "./transaction.ts"

/** Two histories of one group, both signed by its server. */
export interface ServerLie {
  readonly groupId: GroupId
  /** The epoch for which the server signed both. */
  readonly epoch: bigint
  /** The heads of the two histories. */
  readonly hashes: readonly [Uint8Array, Uint8Array]
}

/** A proof that this profile has. */
export interface ServerProof extends ServerLie {
  /** For others, who need nothing else but the server's key: see {@link checkServerProof}. */
  readonly bytes: Uint8Array
  /** True until {@link Client.goOn}. */
  readonly isHalting: boolean
}

/**
 * Checks a proof that somebody exported. It takes the server's delivery key and nothing of the group.
 *
 * @param serverKey - Ed25519, from elsewhere than the proof. @returns what is proven, or `undefined` if nothing is
 */
export function checkServerProof(
  crypto: EpochLogOptions["crypto"],
  serverKey: Uint8Array,
  bytes: Uint8Array,
): ServerLie | undefined {
  try {
    const heads = verifyEquivocation(crypto, serverKey, bytes)?.heads
    if (heads === undefined) return undefined
    const [{ groupId, epoch, hash }, { hash: other }] = heads
    return { groupId, epoch, hashes: [hash, other] }
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** The proofs of all groups. */
export function serverProofs({ groups, suite, deliveryKey }: Context): readonly ServerProof[] {
  return groups.all().flatMap(({ serverProof }) => {
    if (serverProof === undefined || deliveryKey.pinned === undefined) return []
    const { bytes, isHalting } = serverProof
    const lie = checkServerProof(suite, deliveryKey.pinned, bytes)
    return lie === undefined ? [] : [{ ...lie, bytes, isHalting }]
  })
}

/** While a person has not said otherwise, nobody changes any group over a server that was proven a liar in one. */
export function isHalted({ groups }: Context): boolean {
  return groups.all().some(({ serverProof }) => serverProof?.isHalting === true)
}

/** @throws ClientError `server_equivocated` while {@link isHalted} */
export function assertNotHalted(context: Context): void {
  if (!isHalted(context)) return
  throw new ClientError("server_equivocated", "the server was proven to show two histories of a group", {
    nextStep:
      "Show the proof to the other members (qpc proof export); go on over another server, or with qpc proof continue.",
  })
}

/** A person has seen the proofs and wants to change groups over this server all the same. */
export function goOn(context: Context): Promise<void> {
  const { turn, groups, clock } = context
  return turn.take(async () => {
    for (const member of groups.all()) {
      if (member.serverProof?.isHalting !== true) continue
      const step = member.goOn(clock.unixMs())
      await Transaction.run(context, "down", (tx) => recordStep(context, tx, member, step, OWN_STEP))
    }
  })
}
