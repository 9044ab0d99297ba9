/** Protobuf in one encoding only: for formats whose code is generated, and whose messages are signed or compared. @module */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf"
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf"
import { equalBytes } from "./bytes.ts"
import { DecodeError } from "./decode-error.ts"

/** A message as bytes: fields in ascending order, defaults left out. @throws Error for a value out of the range of its type */
export function encodeProtobuf<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Uint8Array {
  return toBinary(schema, create(schema, init))
}

/**
 * Reads what {@link encodeProtobuf} writes and nothing else. Byte fields are views into `bytes`.
 *
 * Refused, although Protobuf knows them: unknown fields, fields that come twice or in another order, written defaults, and
 * numbers in a longer form than needed. The cost is that of writing the message once more. Check the length of `bytes` before:
 * two bytes can become an object of a hundred.
 *
 * @throws DecodeError `bad_value` for what is no such message, `not_minimal` for another encoding
 */
export function decodeProtobuf<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  const message = parse(schema, bytes)
  if (!equalBytes(toBinary(schema, message), bytes)) throw new DecodeError("not_minimal", 0)
  return message
}

function parse<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false })
  } catch (error) {
    // The library has no error type of its own for malformed input; what it throws is always an Error.
    if (error instanceof Error) throw new DecodeError("bad_value", 0)
    throw error
  }
}
