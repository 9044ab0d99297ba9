import { DecodeError, encode, readList } from "@qpc/wire"
import type { Reader } from "@qpc/wire"

/** A key that the members below it share (RFC 9420 §7.1). */
export interface ParentNode {
  readonly encryptionKey: Uint8Array
  readonly parentHash: Uint8Array
  /** Leaf indices in increasing order: members below who do not know the private key yet. */
  readonly unmergedLeaves: readonly number[]
  /** The node as it is hashed. */
  readonly encoded: Uint8Array
}

/** A parent node of these contents (RFC 9420 §7.1), encoded once. Takes ownership of the byte strings. */
export function makeParentNode(
  encryptionKey: Uint8Array,
  parentHash: Uint8Array,
  unmergedLeaves: readonly number[],
): ParentNode {
  const encoded = encode((writer) =>
    writer
      .vector(encryptionKey)
      .vector(parentHash)
      .list(unmergedLeaves, (inner, leafIndex) => inner.uint32(leafIndex)),
  )
  return { encryptionKey, parentHash, unmergedLeaves, encoded }
}

/**
 * Reads a ParentNode (RFC 9420 §7.1). Returns views.
 *
 * @throws DecodeError `bad_value` if the unmerged leaves do not increase
 */
export function readParentNode(reader: Reader): ParentNode {
  const start = reader.offset
  const encryptionKey = reader.vector()
  const parentHash = reader.vector()
  let previous = -1
  const unmergedLeaves = readList(reader, (inner) => {
    const leafIndex = inner.uint32()
    if (leafIndex <= previous) throw new DecodeError("bad_value", start)
    previous = leafIndex
    return leafIndex
  })
  return { encryptionKey, parentHash, unmergedLeaves, encoded: reader.since(start) }
}
