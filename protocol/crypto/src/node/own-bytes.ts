/**
 * A plain `Uint8Array` over memory that nothing else uses.
 *
 * node:crypto answers with Buffers. Most own their memory and are viewed without a copy; one out of Buffer's pool would
 * share it with strangers and be overwritten or leak when its owner zeroes or transfers it.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength === bytes.buffer.byteLength) return new Uint8Array(bytes.buffer)
  return Uint8Array.prototype.slice.call(bytes)
}
