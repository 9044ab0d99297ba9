import { platform } from "#platform"
import type { CipherSuite } from "@qpc/crypto"

/** The cipher suite 0x0001 of MLS on this platform, for `LiveMember`. @throws StackError `not_ready` in a browser before `ready()` */
export function cipherSuite(): CipherSuite {
  return platform.suite()
}

/** Randomness of the platform, as fresh memory: for keys and ids. */
export function randomBytes(lengthBytes: number): Uint8Array {
  return platform.random(lengthBytes)
}
