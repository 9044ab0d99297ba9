/** Low bits of a key id: the low bits of the epoch. */
const EPOCH_BITS = 16n
/** Above them: the sender's leaf. */
const INDEX_BITS = 16n
/** Leaf and epoch. */
const LOW_BITS = INDEX_BITS + EPOCH_BITS
const EPOCH_MASK = 2n ** EPOCH_BITS - 1n

/** How many leaves a key id can name. */
export const LEAVES_MAX: number = 2 ** Number(INDEX_BITS)

/** How many contexts a member has: what is left of 64 bits. */
export const CONTEXTS_MAX: bigint = 2n ** (64n - LOW_BITS)

/** What a key id says about its frames (RFC 9605 §5.2). */
export interface MlsKid {
  /** Tells the streams of one member in one epoch apart. 0 makes the shortest header. */
  readonly context: bigint
  /** The sender's leaf index. */
  readonly leafIndex: number
  /** Of the epoch, the low 16 bits. */
  readonly epochBits: number
}

/** The low bits of an epoch. */
export function epochBitsOf(epoch: bigint): number {
  return Number(epoch & EPOCH_MASK)
}

/** The key id (RFC 9605 §5.2), with 16 bits for the index and 16 for the epoch. @throws RangeError for what does not fit */
export function encodeMlsKid({ context, leafIndex, epochBits }: MlsKid): bigint {
  if (context < 0n || context >= CONTEXTS_MAX) throw new RangeError("a context has 32 bits")
  if (!Number.isInteger(leafIndex) || leafIndex < 0 || leafIndex >= LEAVES_MAX) {
    throw new RangeError(`a key id has room for ${LEAVES_MAX} leaves, not for leaf ${leafIndex}`)
  }
  return (context << LOW_BITS) | (BigInt(leafIndex) << EPOCH_BITS) | (BigInt(epochBits) & EPOCH_MASK)
}

/** The parts of a key id. */
export function decodeMlsKid(kid: bigint): MlsKid {
  // Asked for each frame that arrives: a word of 32 bits costs less than a bigint for each part.
  const low = Number(BigInt.asUintN(Number(LOW_BITS), kid))
  return { context: kid >> LOW_BITS, leafIndex: low >>> Number(EPOCH_BITS), epochBits: low & Number(EPOCH_MASK) }
}
