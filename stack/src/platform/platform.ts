import type { CipherSuite, SFrameCipher } from "@qpc/crypto"
import type { ChaCha20Poly1305 } from "@qpc/gbp"
import type { Random } from "@qpc/wire"

/** What the stack takes of the place it runs in. One module for Node and one for browsers; the package's `imports` choose. */
export interface Platform {
  /** Prepares what cannot be had at once. Every call gives the same promise. */
  ready(): Promise<void>
  /** The cipher suite 0x0001 of MLS. @throws StackError `not_ready` before {@link ready} was awaited, where that is needed */
  suite(): CipherSuite
  readonly sframeCiphers: ReadonlyMap<number, SFrameCipher>
  /** For profile 1 alone. */
  readonly chacha20Poly1305: ChaCha20Poly1305
  readonly random: Random
  /** Milliseconds since the Unix epoch: lifetimes of key packages are told in it. */
  readonly unixMs: () => number
  /** Milliseconds since some point in the past, never going back: timers run on it. */
  readonly monotonicMs: () => number
}
