import { MEMBER_ID_END } from "@qpc/gbp"
import { decodeWhole, DecodeError, encode, readList, readOptional } from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import type { CheckedControl, ControlMemory } from "./checked-control.ts"
import type { Frames2 } from "./frames-2.ts"
import type { MemberIdOwner } from "./member-ids.ts"
import { readPending, writePending } from "./pending-transition.ts"
import { StackError } from "./stack-error.ts"

const STATE_VERSION = 3
/** Without the transition under way, and the highest that was given up. */
const WITHOUT_PENDING_VERSION = 2
/** That of sequence numbers alone, which nodes wrote before they remembered whose ids are whose. */
const NUMBERS_VERSION = 1
const SIGNATURE_KEY_MAX_BYTES = 133

/** What a node knows that is in no MLS state, to be stored with it. No secret. */
export interface NodeMemory {
  toBytes(): Uint8Array
  /** @throws StackError `bad_state`, `wrong_state` */
  restore(bytes: Uint8Array): void
}

/** What {@link CheckedMemory} writes. */
interface Remembered extends ControlMemory {
  /** Empty if nothing was sent. */
  readonly numbers: Uint8Array
  readonly owners: readonly MemberIdOwner[]
}

/**
 * The memory of profile 2: version u8 = 3 · sequence numbers · last transition u32 · coordinator (optional u32) · list of (member id
 * u32 · signature key) · highest transition given up u32 · transition under way (optional, see `writePending`). Variable parts are
 * vectors; version 2 ends behind the list. Without the owners of ids whoever speaks first after a restart could be anybody.
 */
export class CheckedMemory implements NodeMemory {
  readonly #frames: Frames2
  readonly #control: CheckedControl

  constructor(frames: Frames2, control: CheckedControl) {
    this.#frames = frames
    this.#control = control
  }

  toBytes(): Uint8Array {
    const { lastTransitionId, coordinatorId, abandonedId, pending } = this.#control.memory
    const numbers = this.#frames.exportSequences()
    return encode((writer) => {
      writer.uint8(STATE_VERSION).vector(numbers).uint32(lastTransitionId)
      writer.optional(coordinatorId, (inner, id) => inner.uint32(id))
      writer.list(this.#frames.ids.owners(), (inner, { memberId, signatureKey }) => {
        inner.uint32(memberId).vector(signatureKey)
      })
      writer.uint32(abandonedId).optional(pending, writePending)
    })
  }

  restore(bytes: Uint8Array): void {
    // Older numbers are read with the first frame that is sent, as they were written: with keys to compare them with.
    if (bytes.length === 0 || bytes[0] === NUMBERS_VERSION) return this.#frames.restoreSequences(bytes)
    const { numbers, owners, ...control } = decodeRemembered(bytes)
    this.#frames.ids.assertMayRestore(owners)
    this.#frames.restoreSequences(numbers)
    this.#frames.ids.restore(owners)
    this.#control.restore(control)
  }
}

function decodeRemembered(bytes: Uint8Array): Remembered {
  try {
    return decodeWhole(bytes, readRemembered)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new StackError("bad_state", "this is not what exportOutSeq() wrote for this profile", { cause: error })
  }
}

function readRemembered(reader: Reader): Remembered {
  const version = reader.uint8()
  if (version !== STATE_VERSION && version !== WITHOUT_PENDING_VERSION) throw new DecodeError("reserved_value", 0)
  const numbers = reader.vector().slice()
  const lastTransitionId = reader.uint32()
  const coordinatorId = readOptional(reader, readMemberId)
  const owners = readList(reader, (inner) => {
    return { memberId: readMemberId(inner), signatureKey: inner.vector(SIGNATURE_KEY_MAX_BYTES).slice() }
  })
  const known = { numbers, lastTransitionId, coordinatorId, owners }
  if (version === WITHOUT_PENDING_VERSION) return { ...known, abandonedId: 0, pending: undefined }
  return { ...known, abandonedId: reader.uint32(), pending: readOptional(reader, readPending) }
}

function readMemberId(reader: Reader): number {
  const memberId = reader.uint32()
  if (memberId >= MEMBER_ID_END) throw new DecodeError("bad_value", reader.offset)
  return memberId
}
