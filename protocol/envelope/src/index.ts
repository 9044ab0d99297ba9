/** All that a delivery server may read of a message, and padding. @module */
export { decodeEnvelope, encodeEnvelope, ENVELOPE_MAX_BYTES, ENVELOPE_OVERHEAD_BYTES } from "./envelope.ts"
export type { Envelope, EnvelopeKind, EnvelopeLimits } from "./envelope.ts"
export { envelopeHeader } from "./header.ts"
export { paddedBytes } from "./padding.ts"
export { receiveEnvelope } from "./receive.ts"
export type { ReceivedEnvelope } from "./receive.ts"
export { sendEnvelope } from "./send.ts"
export type { Enveloped } from "./send.ts"
