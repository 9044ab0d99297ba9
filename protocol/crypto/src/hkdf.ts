import { concatBytes, withScratch } from "@qpc/wire"
import type { HashFunction } from "./primitives.ts"

/** HKDF-Extract (RFC 5869 §2.2). An empty salt equals one of zeros, because HMAC pads its key with zeros. */
export function extract(hash: HashFunction, salt: Uint8Array, inputKeyMaterial: Uint8Array): Uint8Array {
  return hash.mac(salt, inputKeyMaterial)
}

/**
 * HKDF-Expand (RFC 5869 §2.3).
 *
 * @throws RangeError if `lengthBytes` is not an integer from 0 to 255 × hashBytes
 */
export function expand(
  hash: HashFunction,
  pseudoRandomKey: Uint8Array,
  info: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  const { hashBytes } = hash
  if (!Number.isInteger(lengthBytes) || lengthBytes < 0 || lengthBytes > 255 * hashBytes) {
    throw new RangeError(`HKDF-Expand yields 0 to ${255 * hashBytes} bytes, not ${lengthBytes}`)
  }
  // Nearly every call of MLS and HPKE fits into one block; it is also the one that must be fast.
  if (lengthBytes <= hashBytes) {
    const block = hash.expandedBlock?.(pseudoRandomKey, info) ?? firstBlock(hash, pseudoRandomKey, info)
    if (lengthBytes === hashBytes) return block
    const head = block.slice(0, lengthBytes)
    block.fill(0)
    return head
  }
  const output = new Uint8Array(lengthBytes)
  let previous: Uint8Array = new Uint8Array(0)
  for (let at = 0, counter = 1; at < lengthBytes; at += hashBytes, counter++) {
    const input = concatBytes(previous, info, Uint8Array.of(counter))
    previous.fill(0)
    previous = hash.mac(pseudoRandomKey, input)
    input.fill(0)
    output.set(previous.subarray(0, Math.min(hashBytes, lengthBytes - at)), at)
  }
  previous.fill(0)
  return output
}

function firstBlock(hash: HashFunction, pseudoRandomKey: Uint8Array, info: Uint8Array): Uint8Array {
  return withScratch(info.length + 1, (input) => {
    input.set(info)
    input[info.length] = 1
    return hash.mac(pseudoRandomKey, input)
  })
}
