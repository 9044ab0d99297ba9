import { decodedOrUndefined, encode, Reader } from "@qpc/wire"

/** What PREPARE carries: a commit, and the Update that it refers to, if there is one. Both are MLSMessages. */
export interface LiveCommit {
  readonly commit: Uint8Array
  /** Whoever follows the commit has to have it (RFC 9420 §12.4), and may not have heard it from its author. */
  readonly update: Uint8Array | undefined
}

/** One leaf, with what it says of its member. */
export const UPDATE_MAX_BYTES: number = 64 * 1024

/** Where an MLSMessage has its version, which is never 0 (RFC 9420 §6). */
const WITH_UPDATE = 0

/** The commit alone; or u16 = 0 · update<V> · commit. */
export function encodeLiveCommit({ commit, update }: LiveCommit): Uint8Array {
  if (update === undefined) return commit
  return encode((writer) => void writer.uint16(WITH_UPDATE).vector(update).bytes(commit))
}

/** Views into `bytes`; `undefined` for what is neither. */
export function decodeLiveCommit(bytes: Uint8Array): LiveCommit | undefined {
  return decodedOrUndefined(() => {
    const reader = new Reader(bytes)
    if (reader.uint16() !== WITH_UPDATE) return { commit: bytes, update: undefined }
    const update = reader.vector(UPDATE_MAX_BYTES)
    return { commit: bytes.subarray(reader.offset), update }
  })
}
