import { decodeWhole, DecodeError, encode, fromUtf8, toIdentityKey, toMessageId, toUtf8 } from "@qpc/wire"
import type { IdentityKey, MessageId, Reader, Writer } from "@qpc/wire"
import type { RecordCodec } from "./record-codec.ts"

/** Why a group was lost. */
const CAUSES = ["history_gone", "must_rejoin", "not_followed", "group_damaged"] as const

/** Why a group was lost: as the doctor names it. */
export type RejoinCause = (typeof CAUSES)[number]

/** How far the way back into a group is. */
export type RejoinStage =
  /** Nobody has been asked, or what came of it was of no use. */
  | { readonly at: "due" }
  | {
      readonly at: "asked"
      readonly messageId: MessageId
      readonly request: Uint8Array
      /** Opens the answers. */
      readonly privateKey: Uint8Array
    }
  /** Our commit is on its way. */
  | {
      readonly at: "committed"
      readonly messageId: MessageId
      /** That it leaves. */
      readonly epoch: bigint
      /** Who answered. */
      readonly by: IdentityKey
      /** Who we are once it is taken. */
      readonly member: Uint8Array
    }
  /**
   * Until a person wants it again. `reason` is `nobody_answered` after {@link ClientLimits.rejoinAttempts} requests that came to nothing
   * (also where the server took our commits and keeps none), `replaced_by_copy` if a copy of this device took our place (were we to take it
   * back, neither would ever stop), `not_followed` if the group went on by a commit that we did not follow, `roles_changed` if others have
   * other roles there and one person alone said so, `group_damaged` until a person has decided about a group whose records are damaged,
   * `not_a_member` if the server does not have us in a group of which nothing is left here, or a code of the server's.
   */
  | { readonly at: "stopped"; readonly reason: string }

/** A group that this device lost, and lets itself into again. */
export interface RejoinRecord {
  readonly cause: RejoinCause
  /** A person wants into the group whatever roles others have there by now. */
  readonly isInsisted: boolean
  /** When that was found, Unix milliseconds. */
  readonly sinceMs: number
  /** Requests made since, but for those that were answered and whose commit came second. */
  readonly attempt: number
  readonly stage: RejoinStage
  /** When to go on, Unix milliseconds; of no meaning once stopped. */
  readonly nextAtMs: number
}

const VERSION = 2
/** Nobody could insist on anything. */
const VERSION_BEFORE = 1

/** Writes version u8 = 2 · cause u8 · insisted u8 · since u64 ms · attempt u32 · next u64 ms · stage u8 and what belongs to it. */
export const rejoinRecord: RecordCodec<RejoinRecord> = {
  encode: ({ cause, isInsisted, sinceMs, attempt, nextAtMs, stage }) =>
    encode((writer) => {
      writer
        .uint8(VERSION)
        .uint8(CAUSES.indexOf(cause))
        .uint8(isInsisted ? 1 : 0)
        .uint64(BigInt(sinceMs))
        .uint32(attempt)
      writeStage(writer.uint64(BigInt(nextAtMs)), stage)
    }),
  decode: (bytes) =>
    decodeWhole(bytes, (reader) => {
      const version = reader.uint8()
      if (version !== VERSION && version !== VERSION_BEFORE) throw new DecodeError("reserved_value", 0)
      const cause = CAUSES[reader.uint8()]
      if (cause === undefined) throw new DecodeError("reserved_value", 1)
      const isInsisted = version === VERSION && readFlag(reader)
      const [sinceMs, attempt, nextAtMs] = [readMs(reader), reader.uint32(), readMs(reader)]
      return { cause, isInsisted, sinceMs, attempt, nextAtMs, stage: readStage(reader) }
    }),
}

const STAGES = ["due", "asked", "committed", "stopped"] as const satisfies readonly RejoinStage["at"][]

function writeStage(writer: Writer, stage: RejoinStage): void {
  writer.uint8(STAGES.indexOf(stage.at))
  switch (stage.at) {
    case "due":
      return
    case "asked":
      return void writer.bytes(stage.messageId).vector(stage.request).vector(stage.privateKey)
    case "committed":
      return void writer.bytes(stage.messageId).uint64(stage.epoch).bytes(stage.by).vector(stage.member)
    case "stopped":
      return void writer.vector(toUtf8(stage.reason))
  }
}

function readStage(reader: Reader): RejoinStage {
  const start = reader.offset
  const at = STAGES[reader.uint8()]
  if (at === undefined) throw new DecodeError("reserved_value", start)
  switch (at) {
    case "due":
      return { at }
    case "asked": {
      const messageId = toMessageId(reader.bytes(16).slice())
      return { at, messageId, request: reader.vector().slice(), privateKey: reader.vector().slice() }
    }
    case "committed": {
      const [messageId, epoch] = [toMessageId(reader.bytes(16).slice()), reader.uint64()]
      return { at, messageId, epoch, by: toIdentityKey(reader.bytes(32).slice()), member: reader.vector().slice() }
    }
    case "stopped": {
      const reason = fromUtf8(reader.vector())
      if (reason === undefined) throw new DecodeError("bad_value", start)
      return { at, reason }
    }
  }
}

function readFlag(reader: Reader): boolean {
  const start = reader.offset
  const value = reader.uint8()
  if (value > 1) throw new DecodeError("bad_value", start)
  return value === 1
}

function readMs(reader: Reader): number {
  const start = reader.offset
  const value = reader.uint64()
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError("bad_value", start)
  return Number(value)
}
