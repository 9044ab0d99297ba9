import { LOG_HASH_BYTES, receiveEnvelope } from "@qpc/envelope"
import type { Envelope } from "@qpc/envelope"
import { equalBytes, GROUP_ID_BYTES, IDENTITY_KEY_BYTES, MESSAGE_ID_BYTES, toHex } from "@qpc/wire"
import { toGroupId, toIdentityKey, toMessageId } from "@qpc/wire"
import type { GroupId, IdentityKey, MessageId } from "@qpc/wire"
import type { RefusalReason } from "../refusal.ts"
import type { ServerLimits } from "../server-limits.ts"
import type { BatchClaim, BatchDelivery } from "../storage/storage.ts"

/** A batch as it came from the wire (schemas/proto/qpc/v1/delivery.proto, 205). */
export interface OfferedBatch {
  readonly messageId: Uint8Array
  readonly channelId: Uint8Array
  readonly deliveries: readonly { readonly recipientKeys: readonly Uint8Array[]; readonly payload: Uint8Array }[]
  readonly ttlSecs: number
  readonly claim?: OfferedClaim | undefined
  readonly readableUntilEpoch?: bigint | undefined
  readonly partial?: boolean
}

/** A claim as it came from the wire. */
interface OfferedClaim {
  readonly epoch: bigint
  readonly membersAfter: readonly Uint8Array[]
  readonly authenticatorHash: Uint8Array
}

/** A claim that is in order, without what the server adds to it. */
export interface CheckedClaim extends Omit<BatchClaim, "keptUntilMs" | "signHead"> {
  /** Zeros where its author does not state it. */
  readonly authenticatorHash: Uint8Array
}

/** A batch that is in order, as far as one can tell without the store. */
export interface CheckedBatch {
  readonly messageId: MessageId
  readonly channelId: GroupId
  readonly deliveries: readonly BatchDelivery[]
  readonly ttlMs: number
  readonly claim?: CheckedClaim
  readonly sealedIn?: number
  readonly partial: boolean
  readonly readableUntilEpoch?: number
}

/** What came of checking. */
export type Checked =
  | { readonly kind: "batch"; readonly batch: CheckedBatch }
  | { readonly kind: "refused"; readonly reason: RefusalReason }

const refused = (reason: RefusalReason): Checked => ({ kind: "refused", reason })

/**
 * The way in: everything about a batch that its own bytes can tell. Total: whatever arrives, it returns.
 *
 * The labels of the envelopes have to say what the batch says, because members trust the server to order commits by
 * them: an application batch holds application messages and proposals of this channel, a claiming batch one commit out of the
 * claimed epoch and Welcomes into the next. What is sealed stays sealed.
 */
export function receiveBatch(offered: OfferedBatch, limits: ServerLimits): Checked {
  const { messageId, channelId, deliveries } = offered
  if (messageId.length !== MESSAGE_ID_BYTES || channelId.length !== GROUP_ID_BYTES) return refused("malformed")
  if (deliveries.length === 0 || deliveries.length > limits.deliveriesPerBatch) return refused("malformed")

  const checked: BatchDelivery[] = []
  let recipientCount = 0
  for (const { recipientKeys, payload } of deliveries) {
    recipientCount += recipientKeys.length
    if (payload.length > limits.payloadBytes || recipientCount > limits.recipientsPerBatch) return refused("too_large")
    const recipients = distinctKeys(recipientKeys)
    if (!recipients || recipients.length === 0) return refused("malformed")
    checked.push({ recipients, payload })
  }

  const envelopes = readLabels(checked, toGroupId(channelId))
  if (!envelopes) return refused("envelope_invalid")
  const claim = receiveClaim(offered.claim, envelopes, limits)
  if (claim.kind === "refused") return claim
  const batch: CheckedBatch = {
    messageId: toMessageId(messageId),
    channelId: toGroupId(channelId),
    deliveries: checked,
    ttlMs: lifetimeMs(offered, limits),
    ...(claim.claim ? { claim: claim.claim } : { ...readableUntil(offered), sealedIn: latestEpoch(envelopes) }),
    // A commit goes past full inboxes anyway.
    partial: offered.partial === true && claim.claim === undefined,
  }
  return { kind: "batch", batch }
}

/** Members who were away follow the labels: nobody may lead them past what waits for them. No channel gets to 2^53 − 1. */
function latestEpoch(envelopes: readonly Envelope[]): number {
  const latest = envelopes.reduce((epoch, envelope) => (envelope.epoch > epoch ? envelope.epoch : epoch), 0n)
  return latest > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(latest)
}

/** No channel gets beyond the largest number that is exact. */
function readableUntil({ readableUntilEpoch }: OfferedBatch): Pick<CheckedBatch, "readableUntilEpoch"> {
  if (readableUntilEpoch === undefined || readableUntilEpoch > BigInt(Number.MAX_SAFE_INTEGER)) return {}
  return { readableUntilEpoch: Number(readableUntilEpoch) }
}

/** A commit cannot be made to vanish before others have read it: they would be stuck in its epoch. */
function lifetimeMs({ ttlSecs, claim }: OfferedBatch, { retentionMs }: ServerLimits): number {
  return ttlSecs === 0 || claim ? retentionMs : Math.min(ttlSecs * 1000, retentionMs)
}

/** The labels, if all are well formed and of this channel. */
function readLabels(deliveries: readonly BatchDelivery[], channelId: GroupId): Envelope[] | undefined {
  const envelopes: Envelope[] = []
  for (const { payload } of deliveries) {
    const received = receiveEnvelope(payload)
    if (received.kind !== "envelope" || !equalBytes(received.envelope.groupId, channelId)) return undefined
    envelopes.push(received.envelope)
  }
  return envelopes
}

type ReceivedClaim =
  | { readonly kind: "claim"; readonly claim: CheckedClaim | undefined }
  | { readonly kind: "refused"; readonly reason: RefusalReason }

function receiveClaim(
  offered: OfferedBatch["claim"],
  envelopes: readonly Envelope[],
  limits: ServerLimits,
): ReceivedClaim {
  if (!offered) {
    const areMessages = envelopes.every(({ kind }) => kind !== "commit" && kind !== "welcome")
    return areMessages ? { kind: "claim", claim: undefined } : { kind: "refused", reason: "envelope_invalid" }
  }
  // Epochs are 64 bits in MLS; nobody gets beyond 2^53 by committing.
  if (offered.epoch >= BigInt(Number.MAX_SAFE_INTEGER)) return { kind: "refused", reason: "malformed" }
  if (offered.membersAfter.length > limits.membersPerChannel) return { kind: "refused", reason: "too_large" }
  const membersAfter = distinctKeys(offered.membersAfter)
  if (!membersAfter) return { kind: "refused", reason: "malformed" }
  const authenticatorHash = receiveAuthenticatorHash(offered)
  if (!authenticatorHash) return { kind: "refused", reason: "malformed" }

  const commits = envelopes.filter(({ kind }) => kind === "commit")
  const fits = envelopes.every(({ kind, epoch, log }) => {
    // What the log says of a commit is ours to write.
    if (log !== undefined) return false
    return kind === "commit" ? epoch === offered.epoch : kind === "welcome" && epoch === offered.epoch + 1n
  })
  if (commits.length !== 1 || !fits) return { kind: "refused", reason: "envelope_invalid" }
  const commitIndex = envelopes.findIndex(({ kind }) => kind === "commit")
  return { kind: "claim", claim: { epoch: Number(offered.epoch), membersAfter, commitIndex, authenticatorHash } }
}

function receiveAuthenticatorHash({ authenticatorHash }: OfferedClaim): Uint8Array | undefined {
  if (authenticatorHash.length === 0) return new Uint8Array(LOG_HASH_BYTES)
  return authenticatorHash.length === LOG_HASH_BYTES ? authenticatorHash : undefined
}

function distinctKeys(keys: readonly Uint8Array[]): IdentityKey[] | undefined {
  if (keys.some((key) => key.length !== IDENTITY_KEY_BYTES)) return undefined
  if (new Set(keys.map(toHex)).size !== keys.length) return undefined
  return keys.map(toIdentityKey)
}
