import { createHash } from "node:crypto"
import type { Hash } from "node:crypto"
import type { GroupId, IdentityKey } from "@qpc/wire"
import type { BatchDelivery } from "../storage/storage.ts"
import type { CheckedClaim } from "./receive.ts"

/** The parts of a message that its id stands for. */
export interface Fingerprinted {
  readonly channelId: GroupId
  readonly deliveries: readonly BatchDelivery[]
  readonly claim?: CheckedClaim
}

/** SHA-256 of what a batch says, so that a message id is not accepted for two messages. Each list is counted first. */
export function fingerprint({ channelId, deliveries, claim }: Fingerprinted): Uint8Array {
  const hash = createHash("sha256").update("qpc batch v1").update(channelId)
  addCount(hash, deliveries.length)
  for (const { recipients, payload } of deliveries) {
    addKeys(hash, recipients)
    addCount(hash, payload.length)
    hash.update(payload)
  }
  addCount(hash, claim ? 1 : 0)
  if (claim) {
    addCount(hash, claim.epoch)
    addKeys(hash, claim.membersAfter)
    // Clients of before there was a log of epochs repeat what they said then.
    if (claim.authenticatorHash.some((byte) => byte !== 0)) hash.update(claim.authenticatorHash)
  }
  return new Uint8Array(hash.digest())
}

function addKeys(hash: Hash, keys: readonly IdentityKey[]): void {
  addCount(hash, keys.length)
  for (const key of keys) hash.update(key)
}

function addCount(hash: Hash, count: number): void {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(count))
  hash.update(bytes)
}
