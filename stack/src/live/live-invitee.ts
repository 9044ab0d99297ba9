import type { KeyPair } from "@qpc/crypto"
import { createKeyPackage, Group } from "@qpc/mls"
import type { KeyPackageBundle, WelcomeReason } from "@qpc/mls"
import { memberIdExtension } from "../member-id-extension.ts"
import type { LiveIdentity } from "./live-identity.ts"
import { LiveMember } from "./live-member.ts"
import { LiveRoster } from "./live-roster.ts"

const DEFAULT_LIFETIME_MS = 86_400_000

/** What {@link LiveInvitee.create} needs. */
export interface LiveInviteeOptions extends LiveIdentity {
  /** As whoever invites says: `LiveMember.nextMemberId`. */
  readonly memberId: number
  readonly nowMs: number
  /** How long the invitation may take. Default a day. */
  readonly lifetimeMs?: number
}

/** What a coordinator hands to whom it lets in. */
export interface LiveInvitation {
  /** MLSMessage. */
  readonly welcome: Uint8Array
  readonly transitionId: number
}

/** What came of an invitation. */
export type LiveJoined =
  | { readonly kind: "joined"; readonly member: LiveMember }
  /** `bad_member_ids`: not every leaf of the group signs a member id of its own, or ours is not the highest. */
  | { readonly kind: "rejected"; readonly reason: WelcomeReason | "bad_member_ids" }

/** Somebody who waits to be let into a live group. Dispose of it once it came in, or no invitation is expected any more. */
export class LiveInvitee implements Disposable {
  readonly #options: LiveInviteeOptions
  readonly #signatureKeys: KeyPair
  readonly #bundle: KeyPackageBundle

  private constructor(options: LiveInviteeOptions, signatureKeys: KeyPair, bundle: KeyPackageBundle) {
    this.#options = options
    this.#signatureKeys = signatureKeys
    this.#bundle = bundle
  }

  /** @throws RangeError for a number that is no member id */
  static create(options: LiveInviteeOptions): LiveInvitee {
    const { suite, credential, random, nowMs, lifetimeMs = DEFAULT_LIFETIME_MS } = options
    const { publicKey, privateKey } = options.signatureKeys
    const signatureKeys = { publicKey, privateKey: new Uint8Array(privateKey) }
    const leafExtensions = [memberIdExtension(options.memberId)]
    const about = { suite, credential, signatureKeys, leafExtensions, random, nowMs, lifetimeMs }
    return new LiveInvitee(options, signatureKeys, createKeyPackage(about))
  }

  /** For whoever invites: an MLSMessage. */
  get keyPackage(): Uint8Array {
    return this.#bundle.keyPackage
  }

  /** Enters the group. Total for foreign bytes. It is in once the coordinator speaks there: until then it may have to go again. */
  join({ welcome, transitionId }: LiveInvitation, nowMs: number): LiveJoined {
    const { suite, memberId } = this.#options
    const signatureKeys = this.#signatureKeys
    const joined = Group.join({ suite, welcome, bundles: [this.#bundle], signatureKeys, nowMs })
    if (joined.kind === "rejected") return joined
    const { group, addedBy } = joined
    const roster = LiveRoster.of(group.members())
    const coordinatorId = roster?.memberIdOf(addedBy)
    // Ids only go up, so that whoever comes last has the highest.
    if (coordinatorId === undefined || roster?.memberIds.at(-1) !== memberId) {
      group[Symbol.dispose]()
      return { kind: "rejected", reason: "bad_member_ids" }
    }
    const start = { kind: "joiner", coordinatorId, transitionId } as const
    return { kind: "joined", member: LiveMember.of(group, this.#options, start, nowMs) }
  }

  /** Zeroes the private keys. */
  [Symbol.dispose](): void {
    this.#bundle[Symbol.dispose]()
    this.#signatureKeys.privateKey.fill(0)
  }
}
