/** The CBOR values our messages are made of. Integers above 2^53 − 1 are `bigint`, all others `number`. */
export type CborValue =
  | number
  | bigint
  | string
  | Uint8Array
  | boolean
  | null
  | readonly CborValue[]
  | ReadonlyMap<CborValue, CborValue>

/** Bounds that are checked before anything is allocated. */
export interface CborLimits {
  /** Nesting of arrays and maps. Default 8. */
  readonly depth?: number
  /** Length of the whole input, in bytes. Default 1 MiB. */
  readonly sizeBytes?: number
}

/** Encodes with shortest integers and definite lengths (RFC 8949 §4.2.1); map entries keep the order of the `Map`. */
export function encodeCbor(_value: CborValue): Uint8Array {
  throw new Error("unreachable: replaced before use")
}

/** Decodes exactly one encoding of a value. @throws DecodeError */
export function decodeCbor(_bytes: Uint8Array, _limits?: CborLimits): CborValue {
  throw new Error("unreachable: replaced before use")
}
