import { toGroupId, toIdentityKey, toMessageId } from "@qpc/wire"
import type { GroupId, IdentityKey, MessageId } from "@qpc/wire"
import type { Account, Batch, BatchClaim, BatchDelivery, BatchLimits, Storage, StoredHead } from "../storage.ts"

/** The moment at which all cases begin. */
export const START_MS = 1_800_000_000_000
export const HOUR_MS = 3_600_000

export const LIMITS: BatchLimits = {
  queueDepth: 5,
  queueBytes: 1_000_000_000,
  rememberedIds: 50,
  commitLogEpochs: 4,
  commitLogBytes: 1_000_000_000,
  formerMembers: 2,
}

/** All of a log. */
export const LOG = { fromEpoch: 0, limit: 100, limitBytes: 1_000_000, nowMs: START_MS }

/** 32 equal bytes: a store never asks whether they are a key. */
export const identity = (n: number): IdentityKey => toIdentityKey(new Uint8Array(32).fill(n))
export const channel = (n: number): GroupId => toGroupId(new Uint8Array(16).fill(n))
const messageId = (n: number): MessageId => toMessageId(new Uint8Array(16).fill(n))
export const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values)

export const account = (n: number): Account => ({
  username: `User${n}`,
  usernameKey: `user${n}`,
  identityKey: identity(n),
  opaqueRecord: bytes(9, 9, n),
  createdAtMs: START_MS,
})

/** A batch of member 1 in channel 1 that says what `parts` say. */
export function batch(
  id: number,
  parts: {
    readonly sender?: number
    readonly deliveries?: readonly BatchDelivery[]
    readonly claim?: BatchClaim
    readonly atMs?: number
    readonly fingerprint?: number
    readonly expiresAtMs?: number
  } = {},
): Batch {
  const atMs = parts.atMs ?? START_MS
  return {
    sender: identity(parts.sender ?? 1),
    messageId: messageId(id),
    fingerprint: new Uint8Array(32).fill(parts.fingerprint ?? id),
    channelId: channel(1),
    deliveries: parts.deliveries ?? [{ recipients: [identity(2)], payload: bytes(id) }],
    ...(parts.claim ? { claim: parts.claim } : {}),
    acceptedAtMs: atMs,
    expiresAtMs: parts.expiresAtMs ?? atMs + HOUR_MS,
    rememberedUntilMs: (parts.expiresAtMs ?? atMs + HOUR_MS) + HOUR_MS,
  }
}

/** Heads of which a test can tell what led there: the last four commits. */
const headAfter = (before: StoredHead | undefined, id: number): StoredHead => ({
  hash: bytes(...(before?.hash.subarray(-3) ?? []), id),
  signature: bytes(id),
  acceptedAtMs: START_MS + id,
})

/** The head after these commits and no others. */
export const headOf = (...ids: readonly number[]): StoredHead =>
  ids.reduce<StoredHead | undefined>(headAfter, undefined) ?? headAfter(undefined, 0)

/** The commit of `sender` out of `epoch`, to `members` before, with `after` in the channel from then on. */
export function commit(
  id: number,
  parts: {
    readonly sender?: number
    readonly epoch: number
    readonly members: readonly number[]
    readonly after: readonly number[]
    readonly atMs?: number
    readonly keptUntilMs?: number
  },
): Batch {
  const keptUntilMs = parts.keptUntilMs ?? (parts.atMs ?? START_MS) + HOUR_MS
  return batch(id, {
    sender: parts.sender ?? 1,
    ...(parts.atMs === undefined ? {} : { atMs: parts.atMs }),
    deliveries: [{ recipients: parts.members.map(identity), payload: bytes(200, id) }],
    claim: {
      epoch: parts.epoch,
      membersAfter: parts.after.map(identity),
      commitIndex: 0,
      keptUntilMs,
      signHead: (before) => ({ head: headAfter(before, id), payloads: [bytes(200, id)] }),
    },
  })
}

/** A commit and a Welcome beside it. */
export function withWelcome(batchOfCommit: Batch, welcome: BatchDelivery): Batch {
  const { claim } = batchOfCommit
  const deliveries = [...batchOfCommit.deliveries, welcome]
  const signHead: BatchClaim["signHead"] = (before) => {
    const { head, payloads } = claim!.signHead(before)
    return { head, payloads: [...payloads, welcome.payload] }
  }
  return { ...batchOfCommit, deliveries, claim: { ...claim!, signHead } }
}

/** Three accounts; 1 and 2 are in channel 1, which waits for a claim of epoch 1; both inboxes are empty again. */
export async function pair(storage: Storage): Promise<void> {
  for (const n of [1, 2, 3]) await storage.createAccount(account(n))
  await storage.enqueue(commit(100, { epoch: 0, members: [1], after: [1, 2] }), LIMITS)
  await storage.acknowledge(identity(1), 1, START_MS)
}
