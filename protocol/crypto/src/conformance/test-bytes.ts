/**
 * Bytes that look random and are the same in every run: xorshift32 from `seed`. For tests; as a key it protects
 * nothing.
 */
export function testBytes(seed: number, lengthBytes: number): Uint8Array {
  let state = (seed * 0x9e3779b1 + 0x85ebca6b) | 0 || 1
  return Uint8Array.from({ length: lengthBytes }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 24
  })
}

/** A copy with one bit turned over. */
export function withFlippedBit(bytes: Uint8Array, bitIndex: number): Uint8Array {
  const flipped = bytes.slice()
  flipped[bitIndex >>> 3]! ^= 1 << (bitIndex & 7)
  return flipped
}

/** Every way to turn over one bit of each byte. */
export function flipsOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, i) => withFlippedBit(bytes, 8 * i + (i % 8)))
}
