import { DecodeError, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** ExtensionType code points (RFC 9420 §17.3; `lastResort`: draft-ietf-mls-extensions, the IANA registry). */
export const EXTENSION_TYPES = {
  applicationId: 1,
  ratchetTree: 2,
  requiredCapabilities: 3,
  externalPub: 4,
  externalSenders: 5,
  lastResort: 10,
} as const

/** The most extensions that one list may hold; the registry knows a tenth of that. */
const EXTENSIONS_LIMIT = 256

/** One extension (RFC 9420 §7.2): a type and its undecoded content. */
export interface Extension {
  readonly extensionType: number
  readonly extensionData: Uint8Array
}

/** Extension types that every client implements and none may list (RFC 9420 §7.2). */
export function isDefaultExtension(extensionType: number): boolean {
  return extensionType >= EXTENSION_TYPES.applicationId && extensionType <= EXTENSION_TYPES.externalSenders
}

/** The content of the extension of one type, or `undefined` where the list has none. */
export function findExtension(extensions: readonly Extension[], extensionType: number): Uint8Array | undefined {
  return extensions.find((extension) => extension.extensionType === extensionType)?.extensionData
}

/**
 * Reads a list of extensions, which has at most one of each type (RFC 9420 §13.4). Returns views.
 *
 * @throws DecodeError `reserved_value` for type 0, `bad_value` for a second extension of one type, `too_large` above
 *   {@link EXTENSIONS_LIMIT}
 */
export function readExtensions(reader: Reader): Extension[] {
  const start = reader.offset
  const seen = new Set<number>()
  return readList(reader, (inner) => {
    const extensionType = inner.uint16()
    if (extensionType === 0) throw new DecodeError("reserved_value", start)
    if (seen.has(extensionType)) throw new DecodeError("bad_value", start)
    seen.add(extensionType)
    if (seen.size > EXTENSIONS_LIMIT) throw new DecodeError("too_large", start)
    return { extensionType, extensionData: inner.vector() }
  })
}

/**
 * Writes a list of extensions (RFC 9420 §7.2).
 *
 * @throws RangeError for a second extension of one type (RFC 9420 §13.4), or type 0
 */
export function writeExtensions(writer: Writer, extensions: readonly Extension[]): void {
  const types = new Set(extensions.map((extension) => extension.extensionType))
  if (types.size !== extensions.length || types.has(0)) throw new RangeError("extension types must differ and not be 0")
  writer.list(extensions, (inner, { extensionType, extensionData }) => {
    inner.uint16(extensionType).vector(extensionData)
  })
}
