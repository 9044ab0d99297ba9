/** Messaging Layer Security (RFC 9420): a pure, synchronous engine. @module */
export type { CommitRefusal } from "./apply-commit.ts"
export type { Capabilities, RequiredCapabilities } from "./capabilities.ts"
export { writeRequiredCapabilities } from "./capabilities.ts"
export type { CommitCost } from "./commit-cost.ts"
export type { CommitOptions, PskToInject } from "./create-commit.ts"
export type { Credential } from "./credential.ts"
export type {
  CredentialPlace,
  CredentialReason,
  CredentialValidator,
  CredentialWithKey,
  PresentedCredential,
} from "./credential-validator.ts"
export type { CommittedCustomProposal, CustomProposalType } from "./custom-proposal.ts"
export { EncryptionLimitError } from "./epoch-usage.ts"
export { EXTENSION_TYPES, findExtension } from "./extension.ts"
export type { Extension } from "./extension.ts"
export {
  readExternalSender,
  readExternalSenders,
  writeExternalSender,
  writeExternalSenders,
} from "./external-senders.ts"
export type { ExternalSender } from "./external-senders.ts"
export type { LeftOutProposal, LeftOutReason } from "./fit-proposals.ts"
export type { Sender } from "./framed-content.ts"
export type { GreaseUse } from "./grease.ts"
export type { GroupPhase } from "./group-state.ts"
export { Group } from "./group.ts"
export type {
  CreateBranchOptions,
  CreateGroupOptions,
  CreateSuccessorOptions,
  Descended,
  GroupSurroundings,
  InvitedDescendants,
  Joined,
  JoinedExternally,
  JoinExternallyOptions,
  JoinGroupOptions,
  ProtectOptions,
  Staged,
  WakeOptions,
} from "./group-options.ts"
export { cipherSuiteOf, inspectGroupInfo } from "./inspect-group-info.ts"
export type { InspectedGroup } from "./inspect-group-info.ts"
export type { ExternalJoinReason } from "./join-externally.ts"
export type { WelcomeReason } from "./join.ts"
export {
  cipherSuiteOfBundle,
  createKeyPackage,
  KeyPackageBundle,
  keyPackageBundleFromBytes,
} from "./key-package-bundle.ts"
export type { KeyPackageOptions } from "./key-package-bundle.ts"
export { DEFAULT_LIMITS } from "./limits.ts"
export type { GroupLimits } from "./limits.ts"
export type { DescentReason, IdentityOf } from "./parent-group.ts"
export { splitMlsMessages } from "./mls-message.ts"
export { addressOfWelcome } from "./welcome-address.ts"
export type { WelcomeAddress } from "./welcome-address.ts"
export { DEFAULT_POLICY } from "./policy.ts"
export type { GroupPolicy } from "./policy.ts"
export type { LeafRenewal } from "./own-leaf.ts"
export type { PaddedBytes } from "./private-message.ts"
export type { Proposal, ReInit } from "./proposal.ts"
export { proposeExternally, proposeOwnAdd } from "./propose-from-outside.ts"
export type { ExternalProposalOptions, GroupAddress } from "./propose-from-outside.ts"
export type { Proposed, ProposalToSend, ProposeOptions } from "./propose.ts"
export type { PskLookup } from "./psk.ts"
export type { PreSharedKeyId } from "./psk-id.ts"
export type { GroupInfoOptions, PublishedGroupInfo } from "./publish-group-info.ts"
export type { OfferedProposal, ReceiveOptions } from "./receive.ts"
export type { Received, RejectReason } from "./received.ts"
export { ReservationError } from "./reservation.ts"
export type { ReserveOptions } from "./reservation.ts"
export type { Member, MergeReport, StagedCommit } from "./staged-commit.ts"
export { StateVersionError } from "./state-version.ts"
export { suiteIdOfBytes, suiteIdOfRecords } from "./stored-suite.ts"
export { validateKeyPackage } from "./validate-key-package.ts"
export type {
  KeyPackageJudgement,
  KeyPackageReason,
  KeyPackageVerdict,
  ValidKeyPackage,
} from "./validate-key-package.ts"
