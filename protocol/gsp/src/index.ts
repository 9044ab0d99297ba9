/** Group Signalling Protocol: signals, roles and capabilities over GBP. @module */
export {
  decodeAcknowledgement,
  DETAILS_MAX_BYTES,
  encodeAcknowledgement,
  REASON_MAX_CHARACTERS,
} from "./acknowledgement.ts"
export type { Acknowledgement } from "./acknowledgement.ts"
export type { SentSignal, SignalRefusal } from "./apply-signal.ts"
export { Capabilities } from "./capabilities.ts"
export type { CapabilityLimits } from "./capabilities.ts"
export { classOf, classOfGroup, tokensOf } from "./conformance-class.ts"
export type { ConformanceClass } from "./conformance-class.ts"
export { dropError } from "./drop-reason.ts"
export type { DropReason } from "./drop-reason.ts"
export { CBOR_SIGNALS, decodeSignal, encodeSignal, SIGNAL_MAX_BYTES } from "./message.ts"
export type { SignalCodec, SignalMessage } from "./message.ts"
export { ADMIN_ROLE, ALL_PERMISSIONS, DEFAULT_ROLES, MEMBER_ROLE, MODERATOR_ROLE, PERMISSIONS } from "./permissions.ts"
export type { Permission, RoleId } from "./permissions.ts"
export { receiveSignal, REQUEST_ID_STEP_MAX } from "./receive.ts"
export type { ArrivedSignal, ReceivedSignal } from "./receive.ts"
export { sendSignal } from "./send.ts"
export type { SignalOptions, SignalSent } from "./send.ts"
export { SignalLog, SIGNALS_KEPT } from "./signal-log.ts"
export type { Logged, LoggedSignal } from "./signal-log.ts"
export { decodeState, encodeState, initialState, memberPermissions } from "./signal-state.ts"
export type { SignalState } from "./signal-state.ts"
export { decodeArgs, encodeArgs, SIGNAL_CODES, signalTypeFromWire } from "./signal.ts"
export type { Signal, SignalType } from "./signal.ts"
