import { MEMBER_ID_END } from "@qpc/gbp"
import type { Extension } from "@qpc/mls"
import { decodedOrUndefined, decodeWhole, DecodeError, encode } from "@qpc/wire"

/** ExtensionType of a member id in a leaf node: ours, of the private range 0xF000 to 0xFFFF (RFC 9420 §17.3). */
export const MEMBER_ID_EXTENSION = 0xf6b1

/**
 * A member id as an extension of a leaf node, which the leaf signs: u32, below 1 000 000.
 *
 * @throws RangeError for a number that is no member id
 */
export function memberIdExtension(memberId: number): Extension {
  if (!Number.isInteger(memberId) || memberId < 0 || memberId >= MEMBER_ID_END) {
    throw new RangeError(`a member id is an integer from 0 to ${MEMBER_ID_END - 1}, not ${memberId}`)
  }
  return { extensionType: MEMBER_ID_EXTENSION, extensionData: encode((writer) => writer.uint32(memberId), 4) }
}

/**
 * What a leaf says of its member id: `undefined` where it says nothing, `malformed` where no id comes of what it says. Nobody
 * checked yet that no other leaf says the same.
 */
export function signedMemberId(extensions: readonly Extension[]): number | "malformed" | undefined {
  const found = extensions.find(({ extensionType }) => extensionType === MEMBER_ID_EXTENSION)
  if (found === undefined) return undefined
  return decodedOrUndefined(() => decodeMemberId(found.extensionData)) ?? "malformed"
}

function decodeMemberId(bytes: Uint8Array): number {
  const memberId = decodeWhole(bytes, (reader) => reader.uint32())
  if (memberId >= MEMBER_ID_END) throw new DecodeError("bad_value", 0)
  return memberId
}
