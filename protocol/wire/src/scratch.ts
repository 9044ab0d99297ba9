/** Enough for the text messages of a conversation; longer things can afford an allocation. */
const SCRATCH_BYTES = 16 * 1024

/** All zeros from `used` on. */
const scratch = new Uint8Array(SCRATCH_BYTES)
let used = 0

/**
 * Lends `lengthBytes` zeros to `use` for one call, and zeroes them again afterwards: for input of a cipher, a hash or a
 * signature, plaintext and keys included. `use` must not keep them.
 *
 * Allocating and collecting such short-lived arrays cost a sent message more than all its own code. Calls may nest: each
 * gets bytes of its own. Where they do not fit, they are allocated.
 */
export function withScratch<T>(lengthBytes: number, use: (bytes: Uint8Array) => T): T {
  const start = used
  const end = start + lengthBytes
  const bytes = end <= SCRATCH_BYTES ? scratch.subarray(start, end) : new Uint8Array(lengthBytes)
  if (end <= SCRATCH_BYTES) used = end
  try {
    return use(bytes)
  } finally {
    bytes.fill(0)
    used = start
  }
}
