import { DecodeError, equalBytes } from "@qpc/wire"

/** A decoder that takes bytes from strangers, with what holds for any bytes at all. */
export interface FuzzTarget {
  readonly name: string
  /** Valid encodings to start from. */
  readonly samples: readonly Uint8Array[]
  /**
   * Gives it an input.
   *
   * @returns true if it was accepted
   * @throws BrokenLaw; whatever else it throws is a broken law too
   */
  run(input: Uint8Array): boolean
}

/** An input for which a law does not hold. */
export class BrokenLaw extends Error {
  override readonly name = "BrokenLaw"
}

/**
 * A decoder with the two laws of all ours: it throws nothing but DecodeError, and what it accepts has one encoding.
 *
 * @param rewrite - decodes and encodes again.
 */
export function decoderTarget(
  name: string,
  samples: readonly Uint8Array[],
  rewrite: (bytes: Uint8Array) => Uint8Array,
): FuzzTarget {
  return {
    name,
    samples,
    run(input) {
      let rewritten: Uint8Array
      try {
        rewritten = rewrite(input)
      } catch (error) {
        if (error instanceof DecodeError) return false
        throw error
      }
      if (!equalBytes(rewritten, input)) throw new BrokenLaw("accepted bytes have a second encoding")
      return true
    },
  }
}
