/**
 * A plain `Uint8Array` over memory that nothing else uses.
 *
 * node:crypto answers with Buffers. Most own their memory and are viewed without a copy; one out of Buffer's pool would
 * share it with strangers, who could be zeroed or moved along with it.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength === bytes.buffer.byteLength) return new Uint8Array(bytes.buffer)
  return Uint8Array.from(bytes)
}

/**
 * Like {@link ownBytes} with `extraBytes` of zeros behind; takes ownership. Growing costs less than a second buffer.
 */
export function extended(bytes: Uint8Array, extraBytes: number): Uint8Array {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength) {
    return new Uint8Array(buffer.transfer(bytes.byteLength + extraBytes))
  }
  const longer = new Uint8Array(bytes.length + extraBytes)
  longer.set(bytes)
  return longer
}
