import { DecodeError, MESSAGE_ID_BYTES, readList, readOptional, toMessageId } from "@qpc/wire"
import type { MessageId, Reader, Writer } from "@qpc/wire"
import { readOpenIntent, writeOpenIntent } from "./intents.ts"
import type { OpenIntent } from "./intents.ts"

/** Somebody's proposal to remove themselves (RFC 9420 §12.1.3), which waits for a commit of its epoch. */
export interface LeaveRequest {
  readonly leafIndex: number
  /** ProposalRef (RFC 9420 §5.2). */
  readonly reference: Uint8Array
  /** The MLSMessage that it came in: a commit takes it along for those who did not get it. */
  readonly message: Uint8Array
}

/** Our own wish to leave, once it was proposed. */
interface OwnLeave {
  readonly open: OpenIntent
  /** The outgoing message that carries the proposal. */
  readonly messageId: MessageId
  /** If nobody has committed it by then, somebody should know, and it is sent again. */
  readonly remindAtMs: number
}

/** Who asked to leave in this epoch, ourselves included; see `leave-turn.ts` for who commits it. */
export class Leaving {
  own: OwnLeave | undefined
  /** When it is our turn to commit what others asked for. */
  turnAtMs: number | undefined
  /** True once we are out by our own wish. */
  hasLeft = false
  #requests: LeaveRequest[] = []

  /** In the order in which they came. */
  get requests(): readonly LeaveRequest[] {
    return this.#requests
  }

  /** Takes ownership. */
  add(request: LeaveRequest): void {
    this.#requests.push(request)
  }

  countOf(leafIndex: number): number {
    return this.#requests.filter((request) => request.leafIndex === leafIndex).length
  }

  /** A new epoch: proposals of the last one are void (RFC 9420 §12.4). Returns our own wish, which is not. */
  forgetRequests(): OpenIntent | undefined {
    const open = this.own?.open
    this.own = undefined
    this.turnAtMs = undefined
    this.#requests = []
    return open
  }

  /** Writes left u8 · optional turn u64 · optional own (intent · message id · remind u64) · list of (leaf u32 · reference<V> · message<V>). */
  write(writer: Writer): void {
    writer.uint8(this.hasLeft ? 1 : 0)
    writer.optional(this.turnAtMs, (inner, atMs) => inner.uint64(BigInt(atMs)))
    writer.optional(this.own, (inner, own) => {
      writeOpenIntent(inner, own.open)
      inner.bytes(own.messageId).uint64(BigInt(own.remindAtMs))
    })
    writer.list(this.#requests, (inner, { leafIndex, reference, message }) => {
      inner.uint32(leafIndex).vector(reference).vector(message)
    })
  }

  /** @throws DecodeError */
  static read(reader: Reader): Leaving {
    const start = reader.offset
    const read = new Leaving()
    const left = reader.uint8()
    if (left > 1) throw new DecodeError("reserved_value", start)
    read.hasLeft = left === 1
    read.turnAtMs = readOptional(reader, (inner) => Number(inner.uint64()))
    read.own = readOptional(reader, readOwn)
    read.#requests = readList(reader, (inner) => ({
      leafIndex: inner.uint32(),
      reference: inner.vector().slice(),
      message: inner.vector().slice(),
    }))
    return read
  }
}

function readOwn(reader: Reader): OwnLeave {
  const open = readOpenIntent(reader)
  const messageId = toMessageId(reader.bytes(MESSAGE_ID_BYTES).slice())
  return { open, messageId, remindAtMs: Number(reader.uint64()) }
}
