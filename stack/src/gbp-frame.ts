import { encodeErrorObject, encodeFrame1, errorObject, lookupError as findError } from "@qpc/gbp"
import { toGroupId } from "@qpc/wire"

/**
 * A frame of profile 1 from its fields: for tests and tools. It seals nothing: `payload` is sent as it is.
 *
 * @param groupId - 16 bytes.
 * @throws RangeError for a field out of range
 */
export function encodeGbpFrame(
  version: number,
  groupId: Uint8Array,
  epoch: bigint | number,
  transitionId: number,
  streamType: number,
  streamId: number,
  flags: number,
  sequenceNo: number,
  payload: Uint8Array,
): Uint8Array {
  const head = {
    groupId: toGroupId(new Uint8Array(groupId)),
    epoch: BigInt(epoch),
    transitionId,
    streamType,
    streamId,
    flags,
  }
  const sealed = new Uint8Array(payload)
  const frame = { ...head, sequence: sequenceNo, payloadBytes: payload.length, sealed, payloadFormat: 0 } as const
  return encodeFrame1(frame, version)
}

/** The CBOR error object of a code of the registry, as a NACK carries it; `null` for a code that is not registered. */
export function lookupError(code: number): Uint8Array | null {
  const found = findError(code)
  return found === undefined ? null : encodeErrorObject(errorObject(found))
}
