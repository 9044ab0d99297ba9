import type { KeyPair } from "@qpc/crypto"
import { commitHash, encodeEnvelope, firstLogHead, nextLogHead, receiveEnvelope, signLogHead } from "@qpc/envelope"
import type { LogLabel } from "@qpc/envelope"
import type { SignedClaim, StoredHead } from "../storage/storage.ts"
import type { LogSuite } from "./delivery-key.ts"
import type { CheckedBatch } from "./receive.ts"

/** What signs the log, and what is about to be accepted. */
export interface ClaimToLog {
  readonly suite: LogSuite
  readonly key: KeyPair
  readonly batch: CheckedBatch
  readonly nowMs: number
}

/**
 * Continues the log of a channel's epochs by the commit of a checked batch (docs/epoch-log.md), and writes what it says now on the
 * labels of the commit and its Welcomes: so it reaches everybody who gets them, whenever and however.
 *
 * @param before - `undefined` where the log begins, in the epoch that the commit leaves
 */
export function logClaim({ suite, key, batch, nowMs }: ClaimToLog, before: StoredHead | undefined): SignedClaim {
  const { claim, channelId: groupId } = batch
  if (claim === undefined) throw new Error("unreachable: only commits are logged")
  const envelopes = batch.deliveries.map(({ payload }) => labelOf(payload))
  const commit = envelopes[claim.commitIndex]!
  // A clock that was set back must not make the server contradict itself.
  const acceptedAtMs = Math.max(nowMs, before?.acceptedAtMs ?? 0)
  const epoch = BigInt(claim.epoch)
  const present = before === undefined ? firstLogHead(suite, groupId, epoch) : { groupId, epoch, hash: before.hash }
  const { authenticatorHash } = claim
  const entry = { commitHash: commitHash(suite, commit), authenticatorHash, acceptedAtMs }
  const { hash, signature } = signLogHead(suite, key.privateKey, nextLogHead(suite, present, entry))
  const payloads = envelopes.map((envelope) => {
    const log: LogLabel =
      envelope.kind === "commit" ? { hash, signature, entry: { authenticatorHash, acceptedAtMs } } : { hash, signature }
    return encodeEnvelope({ ...envelope, log })
  })
  return { head: { hash, signature, acceptedAtMs }, payloads }
}

function labelOf(payload: Uint8Array) {
  const received = receiveEnvelope(payload)
  if (received.kind !== "envelope") throw new Error("unreachable: the batch was checked")
  return received.envelope
}
