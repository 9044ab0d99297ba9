import { fromHex } from "@qpc/wire"

/**
 * A private key of a vector at its full length: for P-521 some files leave out a leading zero, which RFC 9180 §7.1.2
 * does not (and which says nothing about the bytes that members exchange, where no private key appears).
 */
export function privateKeyOf(hex: string, lengthBytes: number): Uint8Array {
  return fromHex(hex.padStart(2 * lengthBytes, "0"))
}
