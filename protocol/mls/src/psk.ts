import type { CipherSuite } from "@qpc/crypto"
import { encode, toHex } from "@qpc/wire"
import { expandWithLabel } from "./labels.ts"
import { writePreSharedKeyId } from "./psk-id.ts"
import type { PreSharedKeyId } from "./psk-id.ts"

/**
 * Finds a pre-shared key that the application keeps, or `undefined` where it has none.
 *
 * The result is borrowed. Resumption PSKs of the group's own recent epochs are found without it.
 */
export type PskLookup = (id: PreSharedKeyId) => Uint8Array | undefined

/** A pre-shared key with the name under which it enters the key schedule. */
export interface PreSharedKey {
  readonly id: PreSharedKeyId
  readonly secret: Uint8Array
}

/** `psk_secret` (RFC 9420 §8.4) of PSKs in the order of their proposals. The result is the caller's to zero. */
export function pskSecret(suite: CipherSuite, psks: readonly PreSharedKey[]): Uint8Array {
  const { hashBytes } = suite.sizes
  const zero = new Uint8Array(hashBytes)
  let secret: Uint8Array = new Uint8Array(hashBytes)
  for (const [index, psk] of psks.entries()) {
    const label = encode((writer) => {
      writePreSharedKeyId(writer, psk.id)
      writer.uint16(index).uint16(psks.length)
    })
    const extracted = suite.extract(zero, psk.secret)
    const input = expandWithLabel(suite, extracted, "derived psk", label, hashBytes)
    const next = suite.extract(input, secret)
    for (const used of [extracted, input, secret]) used.fill(0)
    secret = next
  }
  return secret
}

/** A map key that is the same for equal ids only. */
export function pskIdKey(id: PreSharedKeyId): string {
  return toHex(encode((writer) => writePreSharedKeyId(writer, id)))
}
