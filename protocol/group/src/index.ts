/** One member of one group as one pure object. @module */
export { ENVELOPE_MAX_BYTES, paddedBytes, receiveEnvelope } from "@qpc/envelope"
export type { Envelope, EnvelopeKind, ReceivedEnvelope } from "@qpc/envelope"
export { verifyEquivocation } from "@qpc/envelope"
export type { Equivocation, SignedLogHead } from "@qpc/envelope"
export type { EpochLogOptions, LogAnomaly, LogObjection } from "./follow-log.ts"
export type { Head, ServerProof } from "./heads.ts"
export type { SettingsObjection, TextObjection } from "./check-settings.ts"
export type { Content, Intent } from "./content.ts"
export { createMember, joinMember } from "./create.ts"
export type { CreateMemberOptions, Joined, JoinMemberOptions, JoinRejection, MemberSurroundings } from "./create.ts"
export type { GroupEvent, IntentFailure, MustRejoinReason, PlanFailure, RefusalReason } from "./event.ts"
export type { GroupSettings } from "./group-settings.ts"
export { createKeyPackages, inspectKeyPackage, keyPackageBundleFromBytes } from "./key-packages.ts"
export type { InspectedKeyPackage, KeyPackageBundle, KeyPackageOptions } from "./key-packages.ts"
export type { GroupLimits } from "./limits.ts"
export type { GroupMember, Member } from "./member.ts"
export { ADMIN_ROLE, DEFAULT_ROLES, MEMBER_ROLE, MODERATOR_ROLE, PERMISSIONS, roleOf } from "./permissions.ts"
export type { Permission, RoleAssignment, RoleId, RoleTable } from "./permissions.ts"
export type { SettingName } from "./settings-difference.ts"
export { createServerlessMember, joinServerlessMember } from "./serverless/create.ts"
export type { CreateServerlessOptions, JoinedServerless, JoinServerlessOptions } from "./serverless/create.ts"
export type { ForkRule } from "./serverless/fork-rule.ts"
export type { ServerlessSurroundings } from "./serverless/serverless-codec.ts"
export type {
  ServerlessEvent,
  ServerlessIntentFailure,
  ServerlessOutgoing,
  ServerlessStep,
  TextLoss,
} from "./serverless/serverless-event.ts"
export type { ServerlessLimits } from "./serverless/serverless-limits.ts"
export type { BranchView, ServerlessMember } from "./serverless/serverless-member.ts"
export { serverlessMemberFromBytes } from "./serverless/wake.ts"
export { GroupStateError } from "./state-error.ts"
export type { GroupStateErrorCode } from "./state-error.ts"
export type { Delivery, EpochClaim, Outgoing, Step } from "./step.ts"
export type { LayerLine, OnLayer } from "./trace.ts"
export { memberFromBytes, memberFromRecords } from "./wake.ts"
