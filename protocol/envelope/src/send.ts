import { ENVELOPE_MAX_BYTES, encodeEnvelope } from "./envelope.ts"
import type { Envelope, EnvelopeLimits } from "./envelope.ts"

/** What came of wrapping a sealed message. */
export type Enveloped =
  | { readonly kind: "envelope"; readonly bytes: Uint8Array }
  /** No carrier would take it: the caller must send less at once. */
  | { readonly kind: "too_large"; readonly sizeBytes: number; readonly limitBytes: number }

/** The way down: puts the label on a sealed message. The last thing to happen to it before the network. */
export function sendEnvelope(envelope: Envelope, limits: EnvelopeLimits = {}): Enveloped {
  const limitBytes = limits.sizeBytes ?? ENVELOPE_MAX_BYTES
  const bytes = encodeEnvelope(envelope, { sizeBytes: Number.MAX_SAFE_INTEGER })
  if (bytes.length > limitBytes) return { kind: "too_large", sizeBytes: bytes.length, limitBytes }
  return { kind: "envelope", bytes }
}
