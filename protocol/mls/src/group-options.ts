import type { CipherSuite, KeyPair } from "@qpc/crypto"
import type { Random } from "@qpc/wire"
import type { CommitRefusal } from "./apply-commit.ts"
import type { Capabilities } from "./capabilities.ts"
import type { PskToInject } from "./create-commit.ts"
import type { Credential } from "./credential.ts"
import type { Extension } from "./extension.ts"
import type { LeftOutProposal } from "./fit-proposals.ts"
import type { GreaseUse } from "./grease.ts"
import type { Group } from "./group.ts"
import type { ExternalJoinReason } from "./join-externally.ts"
import type { WelcomeReason } from "./join.ts"
import type { KeyPackageBundle } from "./key-package-bundle.ts"
import type { GroupLimits } from "./limits.ts"
import type { DescentReason, IdentityOf } from "./parent-group.ts"
import type { GroupPolicy } from "./policy.ts"
import type { PaddedBytes } from "./private-message.ts"
import type { PskLookup } from "./psk.ts"
import type { Member, StagedCommit } from "./staged-commit.ts"

/** What a group needs from its owner each time it comes to life. */
export interface GroupSurroundings {
  /** Our leaf's key pair. The private half is copied, and never stored with the state. */
  readonly signatureKeys: KeyPair
  readonly limits?: Partial<GroupLimits>
  /** What to take from others beside messages and commits of members. Default: nothing. */
  readonly policy?: Partial<GroupPolicy>
}

/** What {@link Group.fromBytes} needs. */
export interface WakeOptions extends GroupSurroundings {
  /**
   * Key pairs of leaves that are on their way: see `newSignatureKeys` of a commit or an Update. Signature keys are never in
   * the state. Pass all that may be in use; which of them is, the state tells.
   */
  readonly nextSignatureKeys?: readonly KeyPair[]
  /** The newest record of {@link Group.reserve} that was stored; needed once anything was reserved. */
  readonly reservation?: Uint8Array
}

/** What {@link Group.create} needs. */
export interface CreateGroupOptions extends GroupSurroundings {
  readonly suite: CipherSuite
  readonly groupId: Uint8Array
  readonly credential: Credential
  readonly random: Random
  readonly nowMs: number
  /** How long the creator's leaf claims to be valid. Default 90 days; its first commit replaces the leaf. */
  readonly lifetimeMs?: number
  /** Of the group context. The creator's leaf claims to support their types; newcomers have to. */
  readonly extensions?: readonly Extension[]
  readonly leafExtensions?: readonly Extension[]
  /** What to claim support for beside the suite, mls10, the credential's own type, `extensions` and custom proposals. */
  readonly capabilities?: Partial<Capabilities>
  /** Which values that mean nothing to put in (RFC 9420 §13.5). Default `capabilities`. */
  readonly grease?: GreaseUse
}

/** What {@link Group.join} needs. */
export interface JoinGroupOptions extends GroupSurroundings {
  readonly suite: CipherSuite
  /** MLSMessage. */
  readonly welcome: Uint8Array
  /** Our key packages; the Welcome names the one it was made for. Borrowed: they are the caller's to dispose of. */
  readonly bundles: readonly KeyPackageBundle[]
  /** Where it is not in the Welcome. */
  readonly ratchetTree?: Uint8Array
  readonly psks?: PskLookup
  /** By which credentials are judged, in milliseconds since the Unix epoch (RFC 9420 §5.3.1). Default: without a clock. */
  readonly nowMs?: number
  /** Says whether we are in a group of this id already, which makes the Welcome invalid (RFC 9420 §12.4.3.1). */
  readonly isKnownGroup?: (groupId: Uint8Array) => boolean
  /** The group that this one has to descend from, by a ReInit or as a branch (RFC 9420 §11.2, §11.3). Borrowed. */
  readonly parent?: Group
  /** A ReInit commit of `parent` that is not merged yet: the group has to descend from what `parent` is afterwards. */
  readonly staged?: StagedCommit
  /** Who is the same in both groups. Default: whose credentials are equal. */
  readonly identityOf?: IdentityOf
}

/** What {@link Group.joinExternally} needs. */
export interface JoinExternallyOptions extends GroupSurroundings {
  readonly suite: CipherSuite
  /** MLSMessage of a GroupInfo with `external_pub`, of the group's current epoch. */
  readonly groupInfo: Uint8Array
  /** Where it is not in the GroupInfo. */
  readonly ratchetTree?: Uint8Array
  readonly credential: Credential
  readonly leafExtensions?: readonly Extension[]
  /** What to claim support for beside the suite, mls10, the credential's own type and custom proposals. */
  readonly capabilities?: Partial<Capabilities>
  /** Which values that mean nothing to put in (RFC 9420 §13.5). Default `capabilities`. */
  readonly grease?: GreaseUse
  /** Picks our own old appearance among the members, which the commit then removes: a resync. Its credential is ours. */
  readonly replaces?: (member: Member) => boolean
  readonly psks?: readonly PskToInject[]
  /** Where the secrets of `psks` are found. */
  readonly pskLookup?: PskLookup
  /** Says whether we are in a group of this id already. Leave it out for a resync. */
  readonly isKnownGroup?: (groupId: Uint8Array) => boolean
  readonly authenticatedData: Uint8Array
  readonly random: Random
  /** By which credentials are judged, in milliseconds since the Unix epoch (RFC 9420 §5.3.1). Default: without a clock. */
  readonly nowMs?: number
}

/** What came of an external join. */
export type JoinedExternally =
  | {
      readonly kind: "joined"
      /** As it is once the delivery service takes the commit. If it takes another one, dispose of it and start anew. */
      readonly group: Group
      /** MLSMessage for all members. */
      readonly commit: Uint8Array
    }
  | { readonly kind: "rejected"; readonly reason: ExternalJoinReason }

/** Who is invited into a group that descends from another, and how. */
export interface InvitedDescendants {
  /** Key packages of the members, as published: MLSMessages. */
  readonly keyPackages: readonly Uint8Array[]
  /** True for a path in the first commit, where newcomers do not ask for it. */
  readonly forcePath?: boolean
  /** False to hand the ratchet tree to newcomers beside the Welcome. Default true. */
  readonly treeInWelcome?: boolean
  /** Who is the same in both groups. Default: whose credentials are equal. */
  readonly identityOf?: IdentityOf
}

/** What {@link Group.createSuccessor} needs; id and extensions are those that the ReInit named. */
export interface CreateSuccessorOptions extends Omit<CreateGroupOptions, "groupId" | "extensions">, InvitedDescendants {
  /** The ReInit commit, if it is not merged yet: so that it and the Welcome can be handed out together. */
  readonly staged?: StagedCommit
}

/** What {@link Group.createBranch} needs; the suite is that of the old group. */
export interface CreateBranchOptions extends Omit<CreateGroupOptions, "suite">, InvitedDescendants {}

/** What came of creating a group that descends from another. */
export type Descended =
  | {
      readonly kind: "created"
      /** In epoch 1, with its members. */
      readonly group: Group
      /** MLSMessage for all members; `undefined` where there is nobody but us. */
      readonly welcome: Uint8Array | undefined
      /** For the members, where it is not in the Welcome. */
      readonly ratchetTree: Uint8Array | undefined
    }
  | { readonly kind: "refused"; readonly reason: CommitRefusal | DescentReason }

/** What came of a Welcome. */
export type Joined =
  | {
      readonly kind: "joined"
      readonly group: Group
      /** Dispose of this bundle and delete its stored bytes, unless it is a last-resort one (RFC 9420 §16.8). */
      readonly bundle: KeyPackageBundle
      /** Leaf index of the member who added us. */
      readonly addedBy: number
    }
  | { readonly kind: "rejected"; readonly reason: WelcomeReason }

/** What {@link Group.protect} needs beside the plaintext. */
export interface ProtectOptions {
  /** Sent in the clear beside the ciphertext, authenticated with it. */
  readonly authenticatedData: Uint8Array
  /** Default: no padding. */
  readonly paddedBytes?: PaddedBytes
  readonly random: Random
}

/** What came of {@link Group.stageCommit}. */
export type Staged =
  | {
      readonly kind: "staged"
      readonly staged: StagedCommit
      /** MLSMessage for all members. */
      readonly commit: Uint8Array
      /** MLSMessage for all newcomers. Hand it out only once the commit was accepted (RFC 9420 §14). */
      readonly welcome?: Uint8Array
      /** For newcomers, where it is not in the Welcome. */
      readonly ratchetTree?: Uint8Array
      /** Proposals received in this epoch that the commit does not cover, because they do not fit. Empty where all do. */
      readonly leftOut: readonly LeftOutProposal[]
    }
  | { readonly kind: "refused"; readonly reason: CommitRefusal | "commit_pending" }
