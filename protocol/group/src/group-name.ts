import { CborFields, decodeCbor, DecodeError } from "@qpc/wire"

/** The extension of groups of before there were settings (RFC 9420 §17.3, private use). Nothing writes it any more. */
export const GROUP_NAME_EXTENSION = 0xf7c0

const VERSION = 1
/** No name that was ever allowed is longer, in bytes. */
const LIMIT_BYTES = 4096

/** The name in the CBOR map `v` = 1 · `name`, or `undefined` if the extension is missing or not its one encoding. */
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
