import type { KeyPair } from "@qpc/crypto"
import { createKeyPackage, Group } from "@qpc/mls"
import type { KeyPackageBundle, WelcomeReason } from "@qpc/mls"
import { toHex } from "@qpc/wire"
import type { LiveIdentity } from "./live-identity.ts"
import { LIVE_POLICY, liveLeaf } from "./live-leaf.ts"
import { LiveMember } from "./live-member.ts"
import { meetsRequirements } from "./live-mls-group.ts"
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
  | { readonly kind: "rejected"; readonly reason: WelcomeReason | LiveJoinReason }

/**
 * Why an invitation is not followed.
 *
 * - `bad_member_ids`: not every leaf of the group signs a member id of its own, or ours is not the highest.
 * - `requirements_not_met`: the group demands what somebody in it cannot do.
 * - `already_joined`: this invitation was followed before; a second member with the same keys would use them a second time.
 */
export type LiveJoinReason = "bad_member_ids" | "requirements_not_met" | "already_joined"

/** Somebody who waits to be let into a live group. Dispose of it once it came in, or no invitation is expected any more. */
export class LiveInvitee implements Disposable {
  readonly #options: LiveInviteeOptions
  readonly #signatureKeys: KeyPair
  readonly #bundle: KeyPackageBundle
  /** Authenticators of the epochs that invitations led to. */
  readonly #joinedEpochs = new Set<string>()

  private constructor(options: LiveInviteeOptions, signatureKeys: KeyPair, bundle: KeyPackageBundle) {
    this.#options = options
    this.#signatureKeys = signatureKeys
    this.#bundle = bundle
  }

  /** @throws RangeError for a number that is no member id */
  static create(options: LiveInviteeOptions): LiveInvitee {
    const { suite, credential, random, nowMs, memberId, lifetimeMs = DEFAULT_LIFETIME_MS } = options
    const { publicKey, privateKey } = options.signatureKeys
    const signatureKeys = { publicKey, privateKey: new Uint8Array(privateKey) }
    const leaf = liveLeaf(memberId, options.capabilities)
    const about = { suite, credential, signatureKeys, ...leaf, random, nowMs, lifetimeMs }
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
    const joined = Group.join({ suite, welcome, bundles: [this.#bundle], signatureKeys, nowMs, policy: LIVE_POLICY })
    if (joined.kind === "rejected") return joined
    const { group, addedBy } = joined
    const roster = LiveRoster.of(group.members())
    const coordinatorId = roster?.memberIdOf(addedBy)
    const reason = this.#objection(group, roster, memberId)
    if (reason !== undefined || coordinatorId === undefined) {
      group[Symbol.dispose]()
      return { kind: "rejected", reason: reason ?? "bad_member_ids" }
    }
    this.#joinedEpochs.add(toHex(group.epochAuthenticator()))
    const start = { kind: "joiner", coordinatorId, transitionId } as const
    return { kind: "joined", member: LiveMember.of(group, this.#options, start, nowMs) }
  }

  #objection(group: Group, roster: LiveRoster | undefined, memberId: number): LiveJoinReason | undefined {
    // The same Welcome may come sealed anew: the epoch that it leads to tells.
    if (this.#joinedEpochs.has(toHex(group.epochAuthenticator()))) return "already_joined"
    // Ids only go up, so that whoever comes last has the highest.
    if (roster?.memberIds.at(-1) !== memberId) return "bad_member_ids"
    return group.members().every((one) => meetsRequirements(group, one)) ? undefined : "requirements_not_met"
  }

  /** Zeroes the private keys. */
  [Symbol.dispose](): void {
    this.#bundle[Symbol.dispose]()
    this.#signatureKeys.privateKey.fill(0)
  }
}
