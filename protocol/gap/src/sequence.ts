/** Sequence numbers are counted modulo this. */
export const SEQUENCE_MODULUS = 0x1_0000

const HALF = SEQUENCE_MODULUS / 2

/**
 * The count that a 16-bit sequence number stands for: of all that have these low bits, the one nearest to `reference`.
 *
 * Right as long as nobody is more than 32 767 frames, eleven minutes, off. May be negative, for frames before the first that came.
 */
export function extendSequence(sequence: number, reference: number): number {
  const ahead = (((sequence - reference) % SEQUENCE_MODULUS) + SEQUENCE_MODULUS) % SEQUENCE_MODULUS
  return reference + (ahead >= HALF ? ahead - SEQUENCE_MODULUS : ahead)
}
