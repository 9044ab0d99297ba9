import { concatBytes } from "@qpc/wire"

/** An MLSMessage begins with its version and its wire format (RFC 9420 §6), a bare KeyPackage with version and suite (§10). */
const MESSAGE_HEADER: Uint8Array = Uint8Array.of(0x00, 0x01, 0x00, 0x05)

/**
 * A key package as the published stack hands it out: without the MLSMessage around it.
 *
 * @param message - An MLSMessage of a key package. The result is a copy.
 */
export function bareKeyPackage(message: Uint8Array): Uint8Array {
  return new Uint8Array(message.subarray(MESSAGE_HEADER.length))
}

/**
 * A key package as MLS wants it, from either form. They cannot be taken for each other: in place of the wire format 5 a bare one
 * of our only suite has 1. Whether it is one at all is left to whoever decodes it.
 */
export function keyPackageMessage(keyPackage: Uint8Array): Uint8Array {
  const isMessage = MESSAGE_HEADER.every((byte, at) => keyPackage[at] === byte)
  return isMessage ? new Uint8Array(keyPackage) : concatBytes(MESSAGE_HEADER, keyPackage)
}
