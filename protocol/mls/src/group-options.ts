import type { CipherSuite, KeyPair } from "@qpc/crypto"
import type { Random } from "@qpc/wire"
import type { CommitRefusal } from "./apply-commit.ts"
import type { Capabilities } from "./capabilities.ts"
import type { Credential } from "./credential.ts"
import type { Extension } from "./extension.ts"
import type { LeftOutProposal } from "./fit-proposals.ts"
import type { Group } from "./group.ts"
import type { WelcomeReason } from "./join.ts"
import type { KeyPackageBundle } from "./key-package-bundle.ts"
import type { GroupLimits } from "./limits.ts"
import type { GroupPolicy } from "./policy.ts"
import type { PaddedBytes } from "./private-message.ts"
import type { PskLookup } from "./psk.ts"
import type { StagedCommit } from "./staged-commit.ts"

/** What a group needs from its owner each time it comes to life. */
export interface GroupSurroundings {
  /** Our leaf's key pair. The private half is copied, and never stored with the state. */
  readonly signatureKeys: KeyPair
  readonly limits?: Partial<GroupLimits>
  /** What to take from others beside messages and commits of members. Default: nothing. */
  readonly policy?: Partial<GroupPolicy>
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
  /** What to claim support for beside the suite, mls10, the credential's own type and `extensions`. */
  readonly capabilities?: Partial<Capabilities>
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
  /** Says whether we are in a group of this id already, which makes the Welcome invalid (RFC 9420 §12.4.3.1). */
  readonly isKnownGroup?: (groupId: Uint8Array) => boolean
}

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
