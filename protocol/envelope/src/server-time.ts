import { encode, toUtf8 } from "@qpc/wire"
import { LOG_SIGNATURE_BYTES } from "./epoch-log.ts"
import type { LogCrypto } from "./epoch-log.ts"

/** What a client draws for each question. */
export const TIME_NONCE_BYTES = 32

/** What a delivery service says when it is asked for the time. */
export interface ServerTime {
  /** {@link TIME_NONCE_BYTES} that the client drew for this question: an answer to an earlier one does not fit. */
  readonly nonce: Uint8Array
  /** Unix milliseconds. */
  readonly unixMs: bigint
}

const SIGNED = toUtf8("quicprochat server time\0")

/**
 * Signs the time for whoever asked, with the key that signs the log of epochs: a service that lies about the time has signed it.
 *
 * @throws RangeError for a nonce of another length
 */
export function signServerTime(crypto: Pick<LogCrypto, "sign">, privateKey: Uint8Array, time: ServerTime): Uint8Array {
  if (time.nonce.length !== TIME_NONCE_BYTES) throw new RangeError(`a nonce of ${time.nonce.length} bytes`)
  return crypto.sign(privateKey, signedContent(time))
}

/** True if the delivery service signed this time for this nonce. */
export function verifyServerTime(
  crypto: Pick<LogCrypto, "verify">,
  serverKey: Uint8Array,
  time: ServerTime,
  signature: Uint8Array,
): boolean {
  return signature.length === LOG_SIGNATURE_BYTES && crypto.verify(serverKey, signedContent(time), signature)
}

function signedContent({ nonce, unixMs }: ServerTime): Uint8Array {
  return encode((writer) => writer.bytes(SIGNED).bytes(nonce).uint64(unixMs))
}
