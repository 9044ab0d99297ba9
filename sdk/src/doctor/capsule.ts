import type { Age, Offset } from "./coarse.ts"
import type { Collection } from "../store.ts"
import type { StuckState } from "./stuck-state.ts"

/**
 * What the doctor saw, without anything that tells people apart: what a person can send to somebody who knows the code, and what the
 * simulator replays. docs/doctor.md explains each field. Counts and distances are levels (`coarse.ts`), names of kinds are our own
 * words; there are no names of people or groups, no texts, keys, ids, addresses and no times.
 */
export interface Capsule {
  /** The version of this format. */
  readonly capsule: 1
  readonly versions: CapsuleVersions
  /** True if everything that the server had was taken in just before. */
  readonly isSynchronised: boolean
  /** About the profile. */
  readonly findings: readonly CapsuleFinding[]
  /** Null where the profile could not be opened. */
  readonly profile: CapsuleProfile | null
  /** In an order that says nothing about the groups. */
  readonly groups: readonly CapsuleGroup[]
}

/** What wrote the capsule. */
export interface CapsuleVersions {
  /** Of qpc. */
  readonly program: string
  /** Of the format in which members are stored. */
  readonly memberState: number
  /** Of the database. */
  readonly schema: number
}

/** A {@link Finding} without its sentences. */
export interface CapsuleFinding {
  readonly state: StuckState
  readonly facts: CapsuleFacts
}

/** Those facts of a finding that are safe to tell: counts as levels, epochs as distances from the group's own. */
export interface CapsuleFacts {
  readonly code?: string
  readonly knownBy?: string
  readonly cause?: string
  readonly reason?: string
  readonly intents?: string
  readonly collection?: Collection
  readonly record?: string
  readonly offset?: Offset
  readonly epochsAhead?: number
  readonly oldestEpochsAhead?: number
  readonly attempt?: number
  readonly availableCount?: number
  readonly envelopeCount?: number
  readonly groupCount?: number
  readonly intentCount?: number
  readonly keptCount?: number
  readonly lastResortUses?: number
  readonly memberCount?: number
  readonly messageCount?: number
  readonly textCount?: number
}

/** How the profile stands. */
export interface CapsuleProfile {
  readonly isRegistered: boolean
  /** True if there is a session on the disk, whatever the server says of it. */
  readonly isLoggedIn: boolean
  readonly server: "answered" | "failed" | "not_asked"
  /** The newest message or notice on the disk. */
  readonly newestStored: Age
  /** The server's clock; null where it did not say. */
  readonly serverClock: Offset | null
  /** Null where the server did not answer. */
  readonly inbox: CapsuleInbox | null
  readonly keyPackages: CapsuleKeyPackages
  /** Envelopes of groups whose invitation has not come. */
  readonly awaited: { readonly groups: number; readonly envelopes: number }
}

/** Our inbox at the server. */
export interface CapsuleInbox {
  /** How far its newest number is ahead of what is on the disk; negative if the server counts less than we took in. */
  readonly ahead: number
  readonly isWaiting: boolean
}

/** Our key packages, here and there. */
export interface CapsuleKeyPackages {
  /** Private halves here. */
  readonly kept: number
  /** Those of them that have not expired by our clock. */
  readonly valid: number
  readonly there: CapsuleStock | null
}

/** What the server has of them. */
export interface CapsuleStock {
  readonly available: number
  /** True if that is less than this profile wants. */
  readonly isLow: boolean
  readonly hasLastResort: boolean
  readonly lastResortUses: number
}

/** How one group stands. */
export interface CapsuleGroup {
  /** 1 for the first: the only name that it has here. */
  readonly group: number
  readonly findings: readonly CapsuleFinding[]
  readonly phase: "member" | "removed" | "left" | "must_rejoin"
  /** Present while this device, which lost the group, looks for the way back into it. */
  readonly rejoin: CapsuleRejoin | null
  readonly isClosed: boolean
  /** On the roster, ourselves included. */
  readonly persons: number
  readonly devices: number
  /** `unknown` if the server knows nothing of the group; null where it was not asked about it. */
  readonly server: CapsuleChannel | "unknown" | null
  readonly pending: CapsulePending | null
  /** What waits for its turn, in order; the first 32. */
  readonly queued: readonly CapsuleIntent[]
  readonly isLeaving: boolean
  readonly isHalting: boolean
  /** Texts of ours that wait for a commit. */
  readonly heldTexts: number
  readonly parked: readonly CapsuleParked[]
  readonly outbox: CapsuleOutbox
  /** Texts of ours that failed, among the newest. */
  readonly failedTexts: number
}

/** The way back into a lost group. */
export interface CapsuleRejoin {
  readonly cause: string
  /** How often the others were asked. */
  readonly attempts: number
  readonly hasGivenUp: boolean
}

/** What the server says of a group. */
export interface CapsuleChannel {
  /** Its epoch less ours. */
  readonly ahead: number
  /** True if its log begins late: commits that we need are gone. */
  readonly isLogShort: boolean
}

/** Our commit on its way. */
export interface CapsulePending {
  /** `sending`: still here. `sent`: the server took it, and it has not come back. `overtaken`: another was first. */
  readonly stage: "sending" | "sent" | "overtaken"
  readonly intents: readonly CapsuleIntent[]
}

/** A change of the group that has not ended. */
export interface CapsuleIntent {
  readonly kind: string
  /** Commits made for it so far. */
  readonly attempts: number
}

/** Envelopes of a later epoch. */
export interface CapsuleParked {
  readonly epochsAhead: number
  readonly envelopes: number
}

/** What is on its way to the others. */
export interface CapsuleOutbox {
  /** What nobody has yet, the pending commit included. */
  readonly unsent: number
  /** What waits for room in full inboxes. */
  readonly held: number
}
