import type { HpkeSealed } from "@qpc/crypto"
import { DecodeError } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"

/** No AEAD of RFC 9180 has a shorter tag. The floor keeps a message from unfolding into millions of empty items. */
const CIPHERTEXT_MIN_BYTES = 16

/**
 * Reads an HPKECiphertext (RFC 9420 §7.6). Returns views.
 *
 * @throws DecodeError `bad_value` for a ciphertext shorter than any AEAD's tag
 */
export function readHpkeCiphertext(reader: Reader): HpkeSealed {
  const start = reader.offset
  const kemOutput = reader.vector()
  const ciphertext = reader.vector()
  if (ciphertext.length < CIPHERTEXT_MIN_BYTES) throw new DecodeError("bad_value", start)
  return { kemOutput, ciphertext }
}

/** Writes an HPKECiphertext (RFC 9420 §7.6). */
export function writeHpkeCiphertext(writer: Writer, sealed: HpkeSealed): void {
  writer.vector(sealed.kemOutput).vector(sealed.ciphertext)
}
