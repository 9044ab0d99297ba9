import { DecodeError, decodeWhole, encode } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { readExtensions, writeExtensions } from "./extension.ts"
import type { Extension } from "./extension.ts"
import { MLS_10 } from "./protocol-version.ts"

/** What all members of an epoch agree on (RFC 9420 §8.1), without its encoding. */
export interface GroupContextContent {
  readonly cipherSuite: number
  readonly groupId: Uint8Array
  readonly epoch: bigint
  readonly treeHash: Uint8Array
  readonly confirmedTranscriptHash: Uint8Array
  readonly extensions: readonly Extension[]
}

/** What all members of an epoch agree on (RFC 9420 §8.1). Encoded once: each message's signature covers it. */
export interface GroupContext extends GroupContextContent {
  readonly encoded: Uint8Array
}

/** A GroupContext of these contents, encoded. Copies: it outlives messages and options that the contents came in. */
export function makeGroupContext(content: GroupContextContent): GroupContext {
  const { cipherSuite, groupId, epoch, treeHash, confirmedTranscriptHash, extensions } = content
  const encoded = encode((writer) => {
    writer.uint16(MLS_10).uint16(cipherSuite).vector(groupId).uint64(epoch).vector(treeHash)
    writer.vector(confirmedTranscriptHash)
    writeExtensions(writer, extensions)
  })
  return decodeWhole(encoded, readGroupContext)
}

/**
 * Reads a GroupContext (RFC 9420 §8.1). Returns views.
 *
 * @throws DecodeError `reserved_value` for another version than mls10
 */
export function readGroupContext(reader: Reader): GroupContext {
  const start = reader.offset
  if (reader.uint16() !== MLS_10) throw new DecodeError("reserved_value", start)
  const content = {
    cipherSuite: reader.uint16(),
    groupId: reader.vector(),
    epoch: reader.uint64(),
    treeHash: reader.vector(),
    confirmedTranscriptHash: reader.vector(),
    extensions: readExtensions(reader),
  }
  return { ...content, encoded: reader.since(start) }
}

/** Writes a GroupContext (RFC 9420 §8.1). */
export function writeGroupContext(writer: Writer, context: GroupContext): void {
  writer.bytes(context.encoded)
}

/** The same context in bytes of its own, so that it may outlive the message it came in. */
export function ownedGroupContext(context: GroupContext): GroupContext {
  return decodeWhole(context.encoded.slice(), readGroupContext)
}
