import { DecodeError } from "@qpc/wire"
import type { DecodeErrorCode } from "@qpc/wire"
import { decodeEnvelope } from "./envelope.ts"
import type { Envelope, EnvelopeLimits } from "./envelope.ts"

/** What came out of bytes that claim to be an envelope. */
export type ReceivedEnvelope =
  | { readonly kind: "envelope"; readonly envelope: Envelope }
  | { readonly kind: "drop"; readonly reason: DecodeErrorCode }

/**
 * The way up: reads the label of a message. Total: whatever bytes arrive, it returns.
 *
 * Nothing in the label is authenticated yet; it only says where to try. The envelope holds views into `bytes`.
 */
export function receiveEnvelope(bytes: Uint8Array, limits: EnvelopeLimits = {}): ReceivedEnvelope {
  try {
    return { kind: "envelope", envelope: decodeEnvelope(bytes, limits) }
  } catch (error) {
    if (error instanceof DecodeError) return { kind: "drop", reason: error.code }
    throw error
  }
}
