import { CborFields, decodeCbor, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"

/** The answer to a signal, the arguments of a control message ACK or NACK (GSP "ACK/NACK schema"). */
export interface Acknowledgement {
  readonly requestId: number
  /** 0, or a code of the error registry. */
  readonly statusCode: number
  /** For people who read logs: the name of the error, nothing that a member wrote. */
  readonly reason: string
  /** More, in CBOR; may be empty. */
  readonly details: Uint8Array
}

/** Bounds of the two fields that have no length of their own. */
export const REASON_MAX_CHARACTERS = 256
export const DETAILS_MAX_BYTES = 1024

const UINT16_MAX = 0xffff
const UINT32_MAX = 0xffff_ffff
const OVERHEAD_BYTES = 64
const UTF8_MAX_BYTES = 3

/** The map `rid` · `sc` · `reason` · `det`, in this order. @throws RangeError above the bounds */
export function encodeAcknowledgement({ requestId, statusCode, reason, details }: Acknowledgement): Uint8Array {
  if (reason.length > REASON_MAX_CHARACTERS)
    throw new RangeError(`a reason has at most ${REASON_MAX_CHARACTERS} characters`)
  if (details.length > DETAILS_MAX_BYTES) throw new RangeError(`details have at most ${DETAILS_MAX_BYTES} bytes`)
  return encodeCbor(
    new Map<string, CborValue>([
      ["rid", requestId],
      ["sc", statusCode],
      ["reason", reason],
      ["det", details],
    ]),
  )
}

/** `details` is owned by the caller. @throws DecodeError */
export function decodeAcknowledgement(bytes: Uint8Array): Acknowledgement {
  const sizeBytes = REASON_MAX_CHARACTERS * UTF8_MAX_BYTES + DETAILS_MAX_BYTES + OVERHEAD_BYTES
  const fields = new CborFields(decodeCbor(bytes, { sizeBytes, depth: 1, itemCount: 16 }))
  const answer: Acknowledgement = {
    requestId: fields.uint("rid", UINT32_MAX),
    statusCode: fields.uint("sc", UINT16_MAX),
    reason: fields.text("reason", REASON_MAX_CHARACTERS),
    details: fields.bytes("det", DETAILS_MAX_BYTES),
  }
  fields.end()
  return answer
}
