/** Bytes in, bytes out: the one place where integers, vectors and CBOR meet the wire. @module */
export type { Brand } from "./brand.ts"
export { compareBytes, concatBytes, constantTimeEqual, equalBytes, fromHex, fromUtf8, toHex, toUtf8 } from "./bytes.ts"
export { decodeCbor, encodeCbor } from "./cbor.ts"
export type { CborKey, CborValue } from "./cbor.ts"
export type { CborLimits } from "./cbor-check.ts"
export { CborFields, cborUint } from "./cbor-fields.ts"
export { checkFlatTable } from "./flat-table.ts"
export type { FlatField } from "./flat-table.ts"
export { decodedOrUndefined, DecodeError } from "./decode-error.ts"
export type { DecodeErrorCode } from "./decode-error.ts"
export {
  DEVICE_KEY_BYTES,
  GROUP_ID_BYTES,
  IDENTITY_KEY_BYTES,
  MESSAGE_ID_BYTES,
  newMessageId,
  toDeviceKey,
  toGroupId,
  toIdentityKey,
  toMessageId,
  uuidText,
} from "./ids.ts"
export type { DeviceKey, GroupId, IdentityKey, MessageId, Random } from "./ids.ts"
export { decodeWhole, Reader, readList, readOptional } from "./reader.ts"
export { CHECK_KEY, RecordLog } from "./record-log.ts"
export type { RecordLogOptions, StateChanges } from "./record-log.ts"
export { withScratch } from "./scratch.ts"
export { Secret } from "./secret.ts"
export { readRecords, recordKey, recordKeyParts, RecordReader, writeRecords } from "./state-record.ts"
export type { RecordKeyPart, StateChange, StateRecord } from "./state-record.ts"
export { decodeVarint, encodeVarint, VARINT_MAX, vectorBytes } from "./varint.ts"
export { encode, Writer } from "./writer.ts"
