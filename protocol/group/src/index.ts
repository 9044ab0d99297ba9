/** One member of one group as one pure object. @module */
export { certifyDevice, readDeviceCertificate, verifyDeviceCertificate } from "@qpc/envelope"
export { readDeviceRevocation, revokeDevice } from "@qpc/envelope"
export type { DeviceCertificate, DeviceStatement } from "@qpc/envelope"
export { ENVELOPE_MAX_BYTES, paddedBytes, receiveEnvelope } from "@qpc/envelope"
export type { Envelope, EnvelopeKind, ReceivedEnvelope } from "@qpc/envelope"
export { verifyEquivocation } from "@qpc/envelope"
export { TIME_NONCE_BYTES, verifyServerTime } from "@qpc/envelope"
export type { Equivocation, SignedLogHead } from "@qpc/envelope"
export type { EpochLogOptions, LogAnomaly, LogObjection } from "./follow-log.ts"
export type { Head, ServerProof } from "./heads.ts"
export type { SettingsObjection, TextObjection } from "./check-settings.ts"
export type { IntentCondition, MemberCondition, ParkedCondition, PendingCondition } from "./condition.ts"
export type { Content, Intent } from "./content.ts"
export { createMember, joinMember } from "./create.ts"
export type { CreateMemberOptions, Joined, JoinMemberOptions, JoinRejection, MemberSurroundings } from "./create.ts"
export type { DeviceObjection } from "./device-rules.ts"
export type {
  DevicesMissed,
  GapOutcome,
  GroupEvent,
  IntentFailure,
  MissedChanges,
  MissingTexts,
  MustRejoinReason,
  PlanFailure,
  RefusalReason,
} from "./event.ts"
export { DEVICES_PER_PERSON, DEVICES_PER_PERSON_MAX } from "./group-settings.ts"
export type { GroupSettings } from "./group-settings.ts"
export { changesSuite } from "./follow-suite.ts"
export type { SuccessionObjection } from "./follow-suite.ts"
export {
  createKeyPackages,
  inspectKeyPackage,
  isOfMissingSuite,
  addresseesOfMissingSuite,
  keyPackageBundleFromBytes,
} from "./key-packages.ts"
export type { InspectedKeyPackage, KeyPackageBundle, KeyPackageOptions } from "./key-packages.ts"
export type { GroupLimits } from "./limits.ts"
export type { GroupMember, Member, MemberDevice } from "./member.ts"
export { ADMIN_ROLE, DEFAULT_ROLES, MEMBER_ROLE, MODERATOR_ROLE, PERMISSIONS } from "@qpc/gsp"
export { roleOf } from "./permissions.ts"
export type { Permission, RoleId } from "@qpc/gsp"
export type { RoleAssignment, RoleTable } from "./permissions.ts"
export { askToRejoin } from "./rejoin/ask-to-rejoin.ts"
export type { AskedRejoin, AskToRejoinOptions } from "./rejoin/ask-to-rejoin.ts"
export { confirmRejoin } from "./rejoin/confirm-rejoin.ts"
export type { ConfirmedRejoin, ConfirmRejoinOptions } from "./rejoin/confirm-rejoin.ts"
export { rejoinDifference } from "./rejoin/rejoin-difference.ts"
export { hasSameRoles } from "./rejoin/witness.ts"
export type { RejoinWitness } from "./rejoin/witness.ts"
export { enterAgain } from "./rejoin/enter-again.ts"
export type { EnterAgainOptions, EnteredAgain, RejoinRejection } from "./rejoin/enter-again.ts"
export type { SettingName, SettingsDifference } from "./settings-difference.ts"
export { checkSuiteChange, isWeakerSuite } from "./suite-rules.ts"
export type { SuiteObjection } from "./suite-rules.ts"
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
export { STATE_VERSION } from "./state-version.ts"
export type { Delivery, EpochClaim, Outgoing, Step } from "./step.ts"
export type { LayerLine, OnLayer } from "./trace.ts"
export { isMemberOfMissingSuite, memberFromBytes, memberFromRecords } from "./wake.ts"
