import { decodeWhole, DecodeError, encode } from "@qpc/wire"
import type { GroupState } from "./group-state.ts"
import type { StagedCommit } from "./staged-commit.ts"

/**
 * What the members have encrypted in the current epoch, as far as we know: what we sent, and what we received and accepted
 * (RFC 9420 §15.2). Messages that never reached us are not in it.
 */
export interface EpochUsage {
  readonly messages: number
  /** Of whole MLSMessages, so that additional data and sender data count too. */
  readonly bytes: number
}

/** An epoch in which nothing was encrypted. */
export const NO_USAGE: EpochUsage = { messages: 0, bytes: 0 }

/**
 * Thrown where one more message would exceed what the AEAD bears in one epoch; see `GroupLimits.epochMessages` and
 * `epochBytes`. Nothing was sent and nothing changed. Commit first: the next epoch has fresh keys. A commit can always be made.
 */
export class EncryptionLimitError extends Error {
  override readonly name = "EncryptionLimitError"
  readonly code = "encryption_limit"

  constructor() {
    super("the epoch has encrypted as much as its AEAD bears: commit first")
  }
}

/**
 * Refuses to encrypt beyond the limits of the epoch (RFC 9420 §6.3.1, §15.2).
 *
 * @param contentBytes - How long the content is at least.
 * @throws EncryptionLimitError
 */
export function assertMayEncrypt({ usage, limits }: Pick<GroupState, "usage" | "limits">, contentBytes: number): void {
  const isWithin = usage.messages < limits.epochMessages && usage.bytes + contentBytes <= limits.epochBytes
  if (!isWithin) throw new EncryptionLimitError()
}

/** Counts a private message that was sent, or received and accepted, in the current epoch. */
export function countMessage(state: Pick<GroupState, "usage" | "records">, messageBytes: number): void {
  const { messages, bytes } = state.usage
  state.usage = { messages: messages + 1, bytes: bytes + messageBytes }
  markUsage(state)
}

/** Counts what was received and accepted in the epoch that a staged commit leads to. */
export function countStaged(
  { stagedUsage }: Pick<GroupState, "stagedUsage">,
  staged: StagedCommit,
  messageBytes: number,
): void {
  const { messages, bytes } = stagedUsage.get(staged) ?? NO_USAGE
  stagedUsage.set(staged, { messages: messages + 1, bytes: bytes + messageBytes })
}

/** Begins to count anew, in the epoch that a commit led to. */
export function resetUsage(state: Pick<GroupState, "usage" | "stagedUsage" | "records">, merged: StagedCommit): void {
  state.usage = state.stagedUsage.get(merged) ?? NO_USAGE
  markUsage(state)
}

/** The record that holds the usage; absent while nothing was encrypted. */
export const USAGE_KEY = "usage"

/** Writes messages u64 · bytes u64; `undefined` while nothing was encrypted. */
export function encodeUsage({ messages, bytes }: EpochUsage): Uint8Array | undefined {
  if (messages === 0) return undefined
  return encode((writer) => writer.uint64(BigInt(messages)).uint64(BigInt(bytes)))
}

/** Reads what {@link encodeUsage} wrote. @throws DecodeError `bad_value` for a count of nothing, or beyond what is counted */
export function decodeUsage(value: Uint8Array): EpochUsage {
  return decodeWhole(value, (reader) => {
    const [messages, bytes] = [Number(reader.uint64()), Number(reader.uint64())]
    const isCount = Number.isSafeInteger(messages) && Number.isSafeInteger(bytes) && messages > 0
    if (!isCount) throw new DecodeError("bad_value", 0)
    return { messages, bytes }
  })
}

function markUsage(state: Pick<GroupState, "usage" | "records">): void {
  state.records.mark(USAGE_KEY, () => encodeUsage(state.usage))
}
