import { findExtension } from "@qpc/mls"
import type { Extension, Group } from "@qpc/mls"
import { decodeWhole, DecodeError, encode, equalBytes, GROUP_ID_BYTES, toGroupId } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"

/** A group context extension of the range for private use (RFC 9420 §17.3): only groups that took another's place have it. */
export const GROUP_ORIGIN_EXTENSION = 0xf7c2

/**
 * What a group goes on from that took another's place because of its cipher suite. For its members nothing ended: it keeps its id, and
 * its epochs are counted on. Only MLS has another group, whose epochs begin anew (RFC 9420 §11.2).
 */
export interface GroupOrigin {
  /** Under which members and the delivery service know the group: that of the first. */
  readonly groupId: GroupId
  /** How many epochs there were before: to be added to the epoch of the MLS group. Less than 2^52. */
  readonly epochsBefore: bigint
}

const VERSION = 1
/** The delivery service counts up to 2^53 − 1, and whoever founds a group may state any number. */
const EPOCHS_LIMIT = 2n ** 52n

/** Where an MLS group goes on from; `undefined` if it says so in a way that we do not read, or its id is not of our length. */
export function originOf(group: Pick<Group, "groupId" | "extensions">): GroupOrigin | undefined {
  const data = findExtension(group.extensions, GROUP_ORIGIN_EXTENSION)
  if (data !== undefined) return decodeOrigin(data)
  if (group.groupId.length !== GROUP_ID_BYTES) return undefined
  return { groupId: toGroupId(group.groupId.slice()), epochsBefore: 0n }
}

/** Reads version u8 = 1 · group id · epochs before u64. */
function decodeOrigin(bytes: Uint8Array): GroupOrigin | undefined {
  try {
    return decodeWhole(bytes, (reader) => {
      if (reader.uint8() !== VERSION) throw new DecodeError("reserved_value", 0)
      const origin = { groupId: toGroupId(reader.bytes(GROUP_ID_BYTES).slice()), epochsBefore: reader.uint64() }
      if (origin.epochsBefore >= EPOCHS_LIMIT) throw new DecodeError("bad_value", 0)
      return origin
    })
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/**
 * The extensions of the group that takes the place of this one.
 *
 * @returns `undefined` where nobody could read them: whoever founded the group said that so many epochs were before it that no other
 *   can go on from it
 */
export function originAfter(group: Pick<Group, "extensions">, origin: GroupOrigin): Extension[] | undefined {
  return origin.epochsBefore < EPOCHS_LIMIT ? withOrigin(group.extensions, origin) : undefined
}

/** Writes down in a group's extensions where it goes on from. */
export function withOrigin(extensions: readonly Extension[], { groupId, epochsBefore }: GroupOrigin): Extension[] {
  const extensionData = encode((writer) => writer.uint8(VERSION).bytes(groupId).uint64(epochsBefore))
  const others = extensions.filter(({ extensionType }) => extensionType !== GROUP_ORIGIN_EXTENSION)
  return [...others, { extensionType: GROUP_ORIGIN_EXTENSION, extensionData }]
}

/** True if two lists of extensions are the same, byte by byte. */
export function areEqualExtensions(a: readonly Extension[], b: readonly Extension[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ extensionType, extensionData }, i) => {
      return extensionType === b[i]!.extensionType && equalBytes(extensionData, b[i]!.extensionData)
    })
  )
}
