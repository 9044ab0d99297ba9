/** Identity, conversations, encrypted local store and delivery: what a program calls. @module */
export type {
  Client,
  ClientLimits,
  ClientOptions,
  Conversation,
  DamagedGroup,
  DamagedRange,
  HistoryRange,
  SyncOptions,
  WaitOptions,
} from "./api.ts"
export { ClientError } from "./client-error.ts"
export type { ClientErrorCode, ClientErrorDetail } from "./client-error.ts"
export { systemClock } from "./clock.ts"
export type { Clock } from "./clock.ts"
export { CAPSULE_LIMITS, decodeCapsule, encodeCapsule } from "./doctor/capsule-codec.ts"
export { capsuleOf } from "./doctor/capsule-of.ts"
export type {
  Capsule,
  CapsuleChannel,
  CapsuleFacts,
  CapsuleFinding,
  CapsuleGroup,
  CapsuleInbox,
  CapsuleIntent,
  CapsuleKeyPackages,
  CapsuleOutbox,
  CapsuleParked,
  CapsulePending,
  CapsuleProfile,
  CapsuleRejoin,
  CapsuleStock,
  CapsuleVersions,
} from "./doctor/capsule.ts"
export { AGES, ageFromMs, LEVELS, offsetFromMs, OFFSETS } from "./doctor/coarse.ts"
export type { Age, Offset } from "./doctor/coarse.ts"
export { diagnoseStoreError, findDamage, forgetDamaged, keepsShut } from "./doctor/damage.ts"
export type { DamageOptions } from "./doctor/damage.ts"
export { withFindings } from "./doctor/finding.ts"
export type { Diagnosis, Facts, Finding, Grounds, Repair, Urgency } from "./doctor/finding.ts"
export { CapsuleError } from "./doctor/json-shape.ts"
export type { CapsuleErrorCode } from "./doctor/json-shape.ts"
export { MEANINGS } from "./doctor/meanings.ts"
export type { RepairOptions, RepairReport } from "./doctor/repair.ts"
export type {
  Asked,
  GroupAnswer,
  GroupSnapshot,
  OutboxSnapshot,
  ProfileSnapshot,
  ServerAnswer,
} from "./doctor/snapshot.ts"
export type { StuckState } from "./doctor/stuck-state.ts"
export type { GroupDamage, StoredDamage } from "./group-damage.ts"
export { knownServers } from "./known-servers.ts"
export type { KnownServerRecord, StoredServers } from "./known-servers.ts"
export { DEFAULT_LIMITS } from "./limits.ts"
export { MemoryStore, newMemoryDisk } from "./memory-store.ts"
export type { MemoryDisk } from "./memory-store.ts"
export type {
  ClientEvent,
  ConnectionState,
  Disappears,
  Failure,
  Identity,
  MemberRole,
  MissingHistory,
  MessageState,
  Notice,
  NoticeReason,
  Person,
  Sent,
  StoredMessage,
  SyncReport,
  TextGap,
  TextLossReason,
} from "./model.ts"
export type { OpaqueClient } from "./opaque.ts"
export { openClient, readIdentity } from "./open-client.ts"
export type { RoleName } from "./role.ts"
export { checkServerProof } from "./server-proof.ts"
export type { ServerLie, ServerProof } from "./server-proof.ts"
export { COLLECTIONS, DEFAULT_LIST_ROWS } from "./store.ts"
export type { Change, Collection, Row, RowRange, Store } from "./store.ts"
export type { TraceLine } from "./trace.ts"
