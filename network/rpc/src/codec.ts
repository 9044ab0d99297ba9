import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf"

/** A message as bytes. @throws Error if a field is out of the range of its type. */
export function encodeMessage<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Uint8Array {
  return toBinary(schema, create(schema, init))
}

/**
 * Foreign bytes as a message, or undefined if they are none. Byte fields are views into `bytes`.
 *
 * Fields that this version does not know are skipped, not kept: kept, two foreign bytes would become an object each.
 */
export function decodeMessage<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> | undefined {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false })
  } catch (error) {
    // The library has no error type of its own for malformed input; what it throws is always an Error.
    if (error instanceof Error) return undefined
    throw error
  }
}
