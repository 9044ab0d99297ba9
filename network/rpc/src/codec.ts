import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf"
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire"

/**
 * The most fields, nested and repeated ones included, that a message may have. Two foreign bytes can become an object
 * of a hundred and more: 4 MiB of empty fields would take 350 MB and most of a second. The largest honest request names
 * a few thousand members and as many recipients.
 */
export const MAX_MESSAGE_FIELDS = 65_536

/** A message as bytes. @throws Error if a field is out of the range of its type. */
export function encodeMessage<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Uint8Array {
  return toBinary(schema, create(schema, init))
}

/**
 * Foreign bytes as a message, or undefined if they are none, or one of more than `MAX_MESSAGE_FIELDS` fields. Byte
 * fields are views into `bytes`. Fields that this version does not know are skipped, not kept.
 */
export function decodeMessage<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> | undefined {
  try {
    if (countFields(schema, bytes, MAX_MESSAGE_FIELDS) > MAX_MESSAGE_FIELDS) return undefined
    return fromBinary(schema, bytes, { readUnknownFields: false })
  } catch (error) {
    // The library has no error type of its own for malformed input; what it throws is always an Error.
    if (error instanceof Error) return undefined
    throw error
  }
}

/** Makes no object of any field. Stops as soon as there are more than `limit`. */
function countFields(schema: DescMessage, bytes: Uint8Array, limit: number): number {
  const reader = new BinaryReader(bytes)
  let count = 0
  while (reader.pos < reader.len && count <= limit) {
    const [number, wireType] = reader.tag()
    count += 1
    const nested = schema.fields.find((field) => field.number === number)?.message
    if (nested && wireType === WireType.LengthDelimited) count += countFields(nested, reader.bytes(), limit - count)
    else reader.skip(wireType, number)
  }
  return count
}
