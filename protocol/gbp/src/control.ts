import { CborFields, decodeCbor, DecodeError, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"

/** The plaintext of the control stream (GBP "Control message"). */
export interface ControlMessage {
  readonly opcode: number
  /** Ties an answer to a question. */
  readonly requestId: number
  /** The member id of the sender; a receiver demands that it is the one who signed the frame. */
  readonly senderId: number
  readonly transitionId: number
  /** What the opcode says it is. */
  readonly args: Uint8Array
}

/**
 * Opcodes of ours, from the upper half, which the published stack leaves alone: somebody asks for texts that they never got, and
 * somebody else answers.
 */
export const OPCODE_REDELIVERY_ASK = 0x8001
/** See {@link OPCODE_REDELIVERY_ASK}. */
export const OPCODE_REDELIVERY_ANSWER = 0x8002
/** A member of a live group asks the coordinator to commit an Update of its leaf. */
export const OPCODE_UPDATE_ASK = 0x8003

const UINT16_MAX = 0xffff
const UINT32_MAX = 0xffff_ffff
/** More than all fields before the arguments can take. */
const OVERHEAD_BYTES = 64

/** The map `op` · `rid` · `sid` · `tid` · `alen` · `args`, in this order. */
export function encodeControl({ opcode, requestId, senderId, transitionId, args }: ControlMessage): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ["op", opcode],
      ["rid", requestId],
      ["sid", senderId],
      ["tid", transitionId],
      ["alen", args.length],
      ["args", args],
    ]),
  )
}

/** `args` is owned by the caller. @throws DecodeError */
export function decodeControl(bytes: Uint8Array, limitBytes: number): ControlMessage {
  const sizeBytes = limitBytes + OVERHEAD_BYTES
  const fields = new CborFields(decodeCbor(bytes, { sizeBytes, depth: 1, itemCount: 32 }))
  const [opcode, requestId] = [fields.uint("op", UINT16_MAX), fields.uint("rid", UINT32_MAX)]
  const [senderId, transitionId] = [fields.uint("sid", UINT32_MAX), fields.uint("tid", UINT32_MAX)]
  const lengthBytes = fields.uint("alen", UINT32_MAX)
  const args = fields.bytes("args", limitBytes)
  fields.end()
  if (lengthBytes !== args.length) throw new DecodeError("bad_value", 0)
  return { opcode, requestId, senderId, transitionId, args }
}
