/** All that a delivery server may read of a message, and padding. @module */
export { commitHash } from "./commit-hash.ts"
export {
  certifyDevice,
  DEVICE_CERTIFICATE_BYTES,
  readDeviceCertificate,
  verifyDeviceCertificate,
} from "./device-certificate.ts"
export type { DeviceCertificate, DeviceStatement } from "./device-certificate.ts"
export { readDeviceRevocation, revokeDevice, verifyDeviceRevocation } from "./device-revocation.ts"
export type { DeviceRevocation } from "./device-revocation.ts"
export {
  decodeEnvelope,
  encodeEnvelope,
  ENVELOPE_MAX_BYTES,
  ENVELOPE_OVERHEAD_BYTES,
  logLabelBytes,
} from "./envelope.ts"
export type { Envelope, EnvelopeKind, EnvelopeLimits, LogLabel, LogLabelEntry } from "./envelope.ts"
export {
  encodeEquivocation,
  findEquivocation,
  firstLogHead,
  LOG_HASH_BYTES,
  LOG_SIGNATURE_BYTES,
  nextLogHead,
  readSignedLogHead,
  signLogHead,
  verifyEquivocation,
  verifyLogHead,
  writeSignedLogHead,
} from "./epoch-log.ts"
export type { Equivocation, LogCrypto, LogEntry, LogHead, LogReaderCrypto, SignedLogHead } from "./epoch-log.ts"
export { envelopeHeader } from "./header.ts"
export { paddedBytes } from "./padding.ts"
export type { DeviceCrypto } from "./person-statement.ts"
export { receiveEnvelope } from "./receive.ts"
export type { ReceivedEnvelope } from "./receive.ts"
export { signServerTime, TIME_NONCE_BYTES, verifyServerTime } from "./server-time.ts"
export type { ServerTime } from "./server-time.ts"
export { sendEnvelope } from "./send.ts"
export type { Enveloped } from "./send.ts"
