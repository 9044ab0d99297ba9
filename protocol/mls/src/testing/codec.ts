/** A decoder under test: valid bytes, and what it understood of bytes written back. */
export interface Codec {
  /** What several kinds of bytes share; the name of the kind where absent. */
  readonly decoder?: string
  readonly valid: Uint8Array
  /** @throws DecodeError */
  readonly rewrite: (bytes: Uint8Array) => Uint8Array
}
