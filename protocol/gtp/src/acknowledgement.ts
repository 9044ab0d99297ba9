import { CborFields, cborUint, decodeCbor, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"

/** The answer to a message that asked for one, the arguments of a control message ACK or NACK (GTP "ACK/NACK envelope"). */
export interface Acknowledgement {
  /** As in the message. */
  readonly requestId: number
  readonly messageId: bigint
  /** 0, or a code of the error registry. */
  readonly statusCode: number
  /** For people who read logs: the name of the error, nothing that a member wrote. */
  readonly reason: string
}

/** UTF-16 units of a reason. */
export const REASON_MAX_CHARACTERS = 256

const UINT16_MAX = 0xffff
const UINT32_MAX = 0xffff_ffff
const SIZE_MAX_BYTES = 1024

/** The map `rid` · `mid` · `sc` · `reason`, in this order. @throws RangeError for a reason that is too long */
export function encodeAcknowledgement({ requestId, messageId, statusCode, reason }: Acknowledgement): Uint8Array {
  if (reason.length > REASON_MAX_CHARACTERS) {
    throw new RangeError(`a reason has at most ${REASON_MAX_CHARACTERS} characters`)
  }
  return encodeCbor(
    new Map<string, CborValue>([
      ["rid", requestId],
      ["mid", cborUint(messageId)],
      ["sc", statusCode],
      ["reason", reason],
    ]),
  )
}

/** @throws DecodeError */
export function decodeAcknowledgement(bytes: Uint8Array): Acknowledgement {
  const fields = new CborFields(decodeCbor(bytes, { sizeBytes: SIZE_MAX_BYTES, depth: 1, itemCount: 16 }))
  const answer: Acknowledgement = {
    requestId: fields.uint("rid", UINT32_MAX),
    messageId: fields.uint64("mid"),
    statusCode: fields.uint("sc", UINT16_MAX),
    reason: fields.text("reason", REASON_MAX_CHARACTERS),
  }
  fields.end()
  return answer
}
