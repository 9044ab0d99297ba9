import { DecodeError, Reader, readList, vectorBytes, Writer } from "@qpc/wire"

/**
 * A key that the members below it share (RFC 9420 §7.1), as a tree keeps it: encoded. What is returned is borrowed, and read
 * each time anew.
 *
 * It keeps its bytes as `StoredLeafNode` does. To share that, each node would need one more object, and a large group has
 * twenty thousand nodes.
 */
export class ParentNode {
  readonly #buffer: ArrayBufferLike
  readonly #start: number
  readonly #lengthBytes: number

  /** Takes ownership of `encoded`, the bytes of a parent node that was read or written before. */
  constructor(encoded: Uint8Array) {
    this.#buffer = encoded.buffer
    this.#start = encoded.byteOffset
    this.#lengthBytes = encoded.length
  }

  /** The node as it is hashed. */
  get encoded(): Uint8Array {
    return new Uint8Array(this.#buffer, this.#start, this.#lengthBytes)
  }

  get encryptionKey(): Uint8Array {
    return new Reader(this.encoded).vector()
  }

  get parentHash(): Uint8Array {
    const reader = new Reader(this.encoded)
    reader.vector()
    return reader.vector()
  }

  /** Leaf indices in increasing order: members below who do not know the private key yet. */
  get unmergedLeaves(): readonly number[] {
    const reader = new Reader(this.encoded)
    reader.vector()
    reader.vector()
    return readList(reader, (inner) => inner.uint32())
  }
}

/** A parent node of these contents (RFC 9420 §7.1). */
export function makeParentNode(
  encryptionKey: Uint8Array,
  parentHash: Uint8Array,
  unmergedLeaves: readonly number[],
): ParentNode {
  const unmergedBytes = 4 * unmergedLeaves.length
  const lengths = [encryptionKey.length, parentHash.length, unmergedBytes]
  const writer = new Writer(lengths.reduce((total, lengthBytes) => total + vectorBytes(lengthBytes), 0))
  writer.vector(encryptionKey).vector(parentHash).vectorLength(unmergedBytes)
  for (const leafIndex of unmergedLeaves) writer.uint32(leafIndex)
  return new ParentNode(writer.take())
}

/**
 * Reads a ParentNode (RFC 9420 §7.1). It keeps a view.
 *
 * @throws DecodeError `bad_value` if the unmerged leaves do not increase
 */
export function readParentNode(reader: Reader): ParentNode {
  const start = reader.offset
  reader.vector()
  reader.vector()
  let previous = -1
  readList(reader, (inner) => {
    const leafIndex = inner.uint32()
    if (leafIndex <= previous) throw new DecodeError("bad_value", start)
    previous = leafIndex
    return leafIndex
  })
  return new ParentNode(reader.since(start))
}
