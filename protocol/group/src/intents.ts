import {
  DecodeError,
  IDENTITY_KEY_BYTES,
  MESSAGE_ID_BYTES,
  readList,
  readOptional,
  toIdentityKey,
  toMessageId,
} from "@qpc/wire"
import type { MessageId, Reader, Writer } from "@qpc/wire"
import type { Intent } from "./content.ts"

/** What somebody wants of the group, or what the group needs by itself: see `upkeep.ts`. */
export type Wanted = Intent | { readonly kind: "upkeep" }

/** An intent that has not ended. */
export interface OpenIntent {
  readonly intentId: MessageId
  readonly intent: Wanted
  /** Commits made for it so far. */
  readonly attempt: number
}

/** Our commit on its way through the delivery service. */
export interface PendingCommit {
  readonly open: OpenIntent
  /** The outgoing message that carries it. */
  readonly messageId: MessageId
  /** The epoch it would leave. */
  readonly epoch: bigint
  /** The delivery service said that another was first; that one is still on its way to us. */
  readonly isLost: boolean
}

/** What we still want of the group: at most one commit on its way, the rest in line. */
export class Intents {
  pending: PendingCommit | undefined
  readonly queue: OpenIntent[] = []

  get openCount(): number {
    return this.queue.length + (this.pending === undefined ? 0 : 1)
  }

  /** Ends everything; returns what was open, the pending one first. */
  takeAll(): OpenIntent[] {
    const open = [...(this.pending === undefined ? [] : [this.pending.open]), ...this.queue.splice(0)]
    this.pending = undefined
    return open
  }

  /** Writes optional pending (intent · message id · epoch u64 · lost u8) · list of intents. */
  write(writer: Writer): void {
    writer.optional(this.pending, (inner, pending) => {
      writeOpenIntent(inner, pending.open)
      inner
        .bytes(pending.messageId)
        .uint64(pending.epoch)
        .uint8(pending.isLost ? 1 : 0)
    })
    writer.list(this.queue, writeOpenIntent)
  }

  /** @throws DecodeError */
  static read(reader: Reader): Intents {
    const intents = new Intents()
    intents.pending = readOptional(reader, (inner) => ({
      open: readOpenIntent(inner),
      messageId: toMessageId(inner.bytes(MESSAGE_ID_BYTES).slice()),
      epoch: inner.uint64(),
      isLost: readBoolean(inner),
    }))
    intents.queue.push(...readList(reader, readOpenIntent))
    return intents
  }
}

const INVITE = 1
const REMOVE = 2
const UPDATE_KEYS = 3
const UPKEEP = 4

function writeOpenIntent(writer: Writer, { intentId, intent, attempt }: OpenIntent): void {
  writer.bytes(intentId).uint32(attempt)
  switch (intent.kind) {
    case "invite":
      writer.uint8(INVITE).list(intent.keyPackages, (inner, keyPackage) => void inner.vector(keyPackage))
      return
    case "remove":
      writer.uint8(REMOVE).list(intent.members, (inner, member) => void inner.bytes(member))
      return
    case "update_keys":
      writer.uint8(UPDATE_KEYS)
      return
    case "upkeep":
      writer.uint8(UPKEEP)
  }
}

function readOpenIntent(reader: Reader): OpenIntent {
  const intentId = toMessageId(reader.bytes(MESSAGE_ID_BYTES).slice())
  const attempt = reader.uint32()
  return { intentId, attempt, intent: readIntent(reader) }
}

function readIntent(reader: Reader): Wanted {
  const start = reader.offset
  const kind = reader.uint8()
  if (kind === INVITE) {
    return { kind: "invite", keyPackages: readList(reader, (inner) => inner.vector().slice()) }
  }
  if (kind === REMOVE) {
    const members = readList(reader, (inner) => toIdentityKey(inner.bytes(IDENTITY_KEY_BYTES).slice()))
    return { kind: "remove", members }
  }
  if (kind === UPDATE_KEYS) return { kind: "update_keys" }
  if (kind === UPKEEP) return { kind: "upkeep" }
  throw new DecodeError("reserved_value", start)
}

function readBoolean(reader: Reader): boolean {
  const start = reader.offset
  const value = reader.uint8()
  if (value > 1) throw new DecodeError("reserved_value", start)
  return value === 1
}
