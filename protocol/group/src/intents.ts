import {
  DecodeError,
  DEVICE_KEY_BYTES,
  fromUtf8,
  IDENTITY_KEY_BYTES,
  MESSAGE_ID_BYTES,
  readList,
  readOptional,
  toDeviceKey,
  toIdentityKey,
  toMessageId,
  toUtf8,
} from "@qpc/wire"
import type { MessageId, Reader, Writer } from "@qpc/wire"
import type { Intent } from "./content.ts"
import { readAssignment } from "./group-settings.ts"

/** What somebody wants of the group, or what the group needs by itself: see `upkeep.ts`. */
export type Wanted = Intent | { readonly kind: "upkeep" }

/** An intent that has not ended. */
export interface OpenIntent {
  readonly intentId: MessageId
  readonly intent: Wanted
  /** Commits made for it so far. */
  readonly attempt: number
  /** True once a commit with others came to nothing that may have been its fault. */
  readonly isAlone: boolean
}

/** Our commit on its way through the delivery service. */
export interface PendingCommit {
  /** What it carries out; at least one. */
  readonly opens: readonly OpenIntent[]
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
    return this.queue.length + (this.pending?.opens.length ?? 0)
  }

  /** Ends everything; returns what was open, the pending one first. */
  takeAll(): OpenIntent[] {
    const open = [...(this.pending?.opens ?? []), ...this.queue.splice(0)]
    this.pending = undefined
    return open
  }

  /** Writes optional pending (list of intents · message id · epoch u64 · lost u8) · list of intents. */
  write(writer: Writer): void {
    writer.optional(this.pending, (inner, pending) => {
      inner
        .list(pending.opens, writeOpenIntent)
        .bytes(pending.messageId)
        .uint64(pending.epoch)
        .uint8(pending.isLost ? 1 : 0)
    })
    writer.list(this.queue, writeOpenIntent)
  }

  /** @throws DecodeError */
  static read(reader: Reader): Intents {
    const intents = new Intents()
    const start = reader.offset
    intents.pending = readOptional(reader, (inner) => readPending(inner, readList(inner, readOpenIntent)))
    if (intents.pending?.opens.length === 0) throw new DecodeError("bad_value", start)
    intents.queue.push(...readList(reader, readOpenIntent))
    return intents
  }

  /** Reads what versions 1 and 2 of the state had: one intent in each commit. @throws DecodeError */
  static readV2(reader: Reader): Intents {
    const intents = new Intents()
    intents.pending = readOptional(reader, (inner) => readPending(inner, [readOpenV2(inner)]))
    intents.queue.push(...readList(reader, readOpenV2))
    return intents
  }
}

const INVITE = 1
const REMOVE = 2
const UPDATE_KEYS = 3
const UPKEEP = 4
const RENAME = 5
const SET_ROLES = 6
const SET_TIMER = 7
const CLOSE = 8
const LEAVE = 9
const ADD_DEVICES = 10
const REMOVE_DEVICES = 11
const CHANGE_SUITE = 12

/** Writes intent id · attempts u32 · alone u8 · intent. */
export function writeOpenIntent(writer: Writer, { intentId, intent, attempt, isAlone }: OpenIntent): void {
  writer
    .bytes(intentId)
    .uint32(attempt)
    .uint8(isAlone ? 1 : 0)
  writeIntent(writer, intent)
}

function writeIntent(writer: Writer, intent: Wanted): void {
  switch (intent.kind) {
    case "invite":
      writer.uint8(INVITE).list(intent.keyPackages, (inner, keyPackage) => void inner.vector(keyPackage))
      return
    case "remove":
      writer.uint8(REMOVE).list(intent.members, (inner, member) => void inner.bytes(member))
      return
    case "add_devices":
      writer.uint8(ADD_DEVICES).list(intent.keyPackages, (inner, keyPackage) => void inner.vector(keyPackage))
      return
    case "remove_devices":
      writer.uint8(REMOVE_DEVICES).list(intent.devices, (inner, device) => void inner.bytes(device))
      return
    case "change_suite":
      writer.uint8(CHANGE_SUITE).uint16(intent.suiteId)
      writer.list(intent.keyPackages, (inner, keyPackage) => void inner.vector(keyPackage))
      return
    case "update_keys":
      writer.uint8(UPDATE_KEYS)
      return
    case "upkeep":
      writer.uint8(UPKEEP)
      return
    case "rename":
      writer.uint8(RENAME).vector(toUtf8(intent.name))
      return
    case "set_roles":
      writer.uint8(SET_ROLES)
      writer.list([...intent.permissions], (inner, [role, permissions]) => void inner.uint8(role).uint16(permissions))
      writer.list(intent.assignments, (inner, { identityKey, role }) => void inner.bytes(identityKey).uint8(role))
      return
    case "set_timer":
      writer.uint8(SET_TIMER).uint32(intent.disappearAfterSeconds)
      return
    case "close":
      writer.uint8(CLOSE)
      return
    case "leave":
      writer.uint8(LEAVE).optional(intent.successor, (inner, successor) => void inner.bytes(successor))
  }
}

function readPending(reader: Reader, opens: readonly OpenIntent[]): PendingCommit {
  return {
    opens,
    messageId: toMessageId(reader.bytes(MESSAGE_ID_BYTES).slice()),
    epoch: reader.uint64(),
    isLost: readBoolean(reader),
  }
}

/** Reads what {@link writeOpenIntent} wrote. Copies. @throws DecodeError */
export function readOpenIntent(reader: Reader): OpenIntent {
  return { ...readCounted(reader), isAlone: readBoolean(reader), intent: readIntent(reader) }
}

function readOpenV2(reader: Reader): OpenIntent {
  return { ...readCounted(reader), intent: readIntent(reader), isAlone: false }
}

function readCounted(reader: Reader): Pick<OpenIntent, "intentId" | "attempt"> {
  return { intentId: toMessageId(reader.bytes(MESSAGE_ID_BYTES).slice()), attempt: reader.uint32() }
}

function readIntent(reader: Reader): Wanted {
  const kind = reader.uint8()
  if (kind === INVITE) {
    return { kind: "invite", keyPackages: readList(reader, (inner) => inner.vector().slice()) }
  }
  if (kind === REMOVE) {
    const members = readList(reader, (inner) => toIdentityKey(inner.bytes(IDENTITY_KEY_BYTES).slice()))
    return { kind: "remove", members }
  }
  if (kind === ADD_DEVICES) {
    return { kind: "add_devices", keyPackages: readList(reader, (inner) => inner.vector().slice()) }
  }
  if (kind === REMOVE_DEVICES) {
    const devices = readList(reader, (inner) => toDeviceKey(inner.bytes(DEVICE_KEY_BYTES).slice()))
    return { kind: "remove_devices", devices }
  }
  if (kind === CHANGE_SUITE) {
    const suiteId = reader.uint16()
    return { kind: "change_suite", suiteId, keyPackages: readList(reader, (inner) => inner.vector().slice()) }
  }
  if (kind === UPDATE_KEYS) return { kind: "update_keys" }
  if (kind === UPKEEP) return { kind: "upkeep" }
  return readSettingsIntent(reader, kind)
}

function readSettingsIntent(reader: Reader, kind: number): Intent {
  const start = reader.offset
  if (kind === RENAME) {
    const name = fromUtf8(reader.vector())
    if (name === undefined) throw new DecodeError("bad_value", start)
    return { kind: "rename", name }
  }
  if (kind === SET_ROLES) {
    const permissions = new Map(readList(reader, (inner) => [inner.uint8(), inner.uint16()] as const))
    return { kind: "set_roles", permissions, assignments: readList(reader, readAssignment) }
  }
  if (kind === SET_TIMER) return { kind: "set_timer", disappearAfterSeconds: reader.uint32() }
  if (kind === CLOSE) return { kind: "close" }
  if (kind === LEAVE) {
    const successor = readOptional(reader, (inner) => toIdentityKey(inner.bytes(IDENTITY_KEY_BYTES).slice()))
    return { kind: "leave", ...(successor && { successor }) }
  }
  throw new DecodeError("reserved_value", start)
}

function readBoolean(reader: Reader): boolean {
  const start = reader.offset
  const value = reader.uint8()
  if (value > 1) throw new DecodeError("reserved_value", start)
  return value === 1
}
