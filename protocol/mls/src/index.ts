/** Messaging Layer Security (RFC 9420): a pure, synchronous engine. @module */
export type { CommitRefusal } from "./apply-commit.ts"
export type { Capabilities, RequiredCapabilities } from "./capabilities.ts"
export { writeRequiredCapabilities } from "./capabilities.ts"
export type { CommitOptions, PskToInject } from "./create-commit.ts"
export type { Credential } from "./credential.ts"
export { EXTENSION_TYPES, findExtension } from "./extension.ts"
export type { Extension } from "./extension.ts"
export { writeExternalSenders } from "./external-senders.ts"
export type { ExternalSender } from "./external-senders.ts"
export type { LeftOutProposal, LeftOutReason } from "./fit-proposals.ts"
export type { Sender } from "./framed-content.ts"
export type { GroupPhase } from "./group-state.ts"
export { Group } from "./group.ts"
export type {
  CreateGroupOptions,
  GroupSurroundings,
  Joined,
  JoinGroupOptions,
  ProtectOptions,
  Staged,
} from "./group-options.ts"
export type { WelcomeReason } from "./join.ts"
export { createKeyPackage, KeyPackageBundle, keyPackageBundleFromBytes } from "./key-package-bundle.ts"
export type { KeyPackageOptions } from "./key-package-bundle.ts"
export { DEFAULT_LIMITS } from "./limits.ts"
export type { GroupLimits } from "./limits.ts"
export { DEFAULT_POLICY } from "./policy.ts"
export type { GroupPolicy } from "./policy.ts"
export type { PaddedBytes } from "./private-message.ts"
export type { Proposal } from "./proposal.ts"
export type { Proposed, ProposalToSend, ProposeOptions } from "./propose.ts"
export type { PskLookup } from "./psk.ts"
export type { PreSharedKeyId } from "./psk-id.ts"
export type { Received, RejectReason } from "./received.ts"
export type { Member, MergeReport, StagedCommit } from "./staged-commit.ts"
export type { StateSections } from "./state-bytes.ts"
export { validateKeyPackage } from "./validate-key-package.ts"
export type { KeyPackageReason, KeyPackageVerdict, ValidKeyPackage } from "./validate-key-package.ts"
