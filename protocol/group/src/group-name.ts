import { CborFields, decodeCbor, DecodeError, encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"

/** A group context extension of the range for private use (RFC 9420 §17.3). Required of every member of our groups. */
export const GROUP_NAME_EXTENSION = 0xf7c0

const VERSION = 1
/** No name that was ever allowed is longer, in bytes. */
const LIMIT_BYTES = 4096

/** Content of the extension: the CBOR map `v` = 1 · `name`. */
export function encodeGroupName(name: string): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ["v", VERSION],
      ["name", name],
    ]),
  )
}

/** The name, or `undefined` if the extension is missing or not the one encoding of a name. */
export function decodeGroupName(extensionData: Uint8Array | undefined): string | undefined {
  if (extensionData === undefined) return undefined
  try {
    const fields = new CborFields(decodeCbor(extensionData, { sizeBytes: LIMIT_BYTES, depth: 1, itemCount: 8 }))
    if (fields.uint("v", 0xff) !== VERSION) return undefined
    const name = fields.text("name", LIMIT_BYTES)
    fields.end()
    return name
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
