import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { firstLogHead, receiveEnvelope } from "@qpc/envelope"
import { Group } from "@qpc/mls"
import type { Joined as JoinedGroup } from "@qpc/mls"
import { equalBytes, toGroupId } from "@qpc/wire"
import type { GroupId, IdentityKey, Random } from "@qpc/wire"
import type { GroupEvent } from "./event.ts"
import { credentialOf } from "./device-credential.ts"
import { enterLog } from "./follow-log.ts"
import type { EpochLogOptions } from "./follow-log.ts"
import { originOf } from "./group-origin.ts"
import { groupExtensions, OUR_EXTENSIONS, profileOfOurs } from "./group-profile.ts"
import { firstSettings } from "./group-settings.ts"
import type { ServerProof } from "./heads.ts"
import type { KeyPackageBundle } from "./key-packages.ts"
import type { GroupLimits, ResolvedLimits } from "./limits.ts"
import type { Member } from "./member.ts"
import { assertName, newState, resolveLimits } from "./member-state.ts"
import type { MemberState, SuiteChangeOptions } from "./member-state.ts"
import { mlsRules } from "./mls-rules.ts"
import { OrderedMember } from "./ordered-member.ts"
import type { RoleId } from "@qpc/gsp"
import { deviceOf, knownDevice } from "./roster.ts"
import type { OnLayer } from "./trace.ts"
import { startUpkeep } from "./upkeep.ts"

/** What a member needs from its surroundings, every time it comes to life. */
export interface MemberSurroundings {
  /** The device's Ed25519 key pair. Borrowed for as long as the member lives: zero it after the member. */
  readonly device: KeyPair
  /** Fresh bytes for keys and ids. Seed it in tests and everything repeats byte for byte. */
  readonly random: Random
  readonly limits?: GroupLimits
  readonly onLayer?: OnLayer
  /** Those beside the first that groups may be in, or change to. Default none. */
  readonly suites?: readonly CipherSuite[]
  /** Without it nothing is looked at of the log of the group's epochs. */
  readonly epochLog?: EpochLogOptions
}

/** What {@link createMember} needs. */
export interface CreateMemberOptions extends MemberSurroundings {
  readonly suite: CipherSuite
  readonly groupId: GroupId
  readonly name: string
  /** What makes `device` one of a person's; see `certifyDevice`. Without it the device's key is the person's identity key. */
  readonly certificate?: Uint8Array
  /** How many devices each person may have in the group, for ever: 1 to {@link DEVICES_PER_PERSON_MAX}. Default 5. */
  readonly devicesPerPerson?: number
  /** What each role allows, as bits of {@link PERMISSIONS}. Default {@link DEFAULT_ROLES}. The creator is an admin. */
  readonly roles?: ReadonlyMap<RoleId, number>
  readonly nowMs: number
}

/** What {@link joinMember} needs. */
export interface JoinMemberOptions extends MemberSurroundings {
  readonly suite: CipherSuite
  /** An envelope of kind `welcome`. */
  readonly envelope: Uint8Array
  /** Our unused key packages; the Welcome names the one it was made for. */
  readonly bundles: readonly KeyPackageBundle[]
  /** Of a member that we were in this group before: what the delivery service did does not end with a membership. Copied. */
  readonly serverProof?: ServerProof
  /** Nothing is judged by it: neither a Welcome nor the leaves in its tree expire (RFC 9420 §7.3, §12.4.3.1). */
  readonly nowMs: number
}

/** What came of a Welcome. */
export type Joined =
  | {
      readonly kind: "joined"
      readonly member: Member
      /** Who invited us: the signer of the group info. */
      readonly by: IdentityKey
      /** Forget this key package, unless it is a last-resort one. */
      readonly usedKeyPackageRef: Uint8Array
      readonly isLastResort: boolean
      readonly events: readonly GroupEvent[]
    }
  | { readonly kind: "rejected"; readonly reason: JoinRejection }

/** Why a Welcome was of no use. */
export type JoinRejection =
  | "malformed"
  /** None of `bundles` is the one it was made for: consumed, expired, or another device's. */
  | "no_matching_key_package"
  /** The Welcome does not open, or what it opens is not a valid group. */
  | "welcome_rejected"
  /** The label of the envelope and the group inside are not the same. */
  | "header_mismatch"
  /** Not one of our groups: it has neither settings nor a name. */
  | "not_a_qpc_group"

/**
 * Starts a group of one.
 *
 * @throws RangeError for a name or group id of a wrong length, roles or a number of devices that are none, or a certificate that is
 *   not the device's
 */
export function createMember(options: CreateMemberOptions): Member {
  const state = foundState(options)
  startUpkeep(state, "created", options.nowMs)
  return new OrderedMember(state)
}

/** A group of one, and its creator's state. @throws RangeError as {@link createMember} */
export function foundState(options: CreateMemberOptions): MemberState {
  const { suite, name, device, random, nowMs, onLayer, epochLog } = options
  const limits = resolveLimits(options.limits)
  assertName(name, limits)
  const credential = credentialOf(device, options.certificate)
  const founder = deviceOf({ credential, signatureKey: device.publicKey })
  if (founder === undefined) throw new RangeError("the certificate is not the device's")
  const settings = firstSettings(name, founder.identityKey, options)
  const group = Group.create({
    suite,
    groupId: toGroupId(options.groupId).slice(),
    credential,
    signatureKeys: device,
    random,
    nowMs,
    capabilities: { extensions: OUR_EXTENSIONS },
    extensions: groupExtensions(settings),
    ...mlsRules(suite, limits),
  })
  const self = { self: founder.identityKey, device: founder.deviceKey }
  const suiteChange = suiteChangeOf(suite, options)
  const about = { suite, ...self, profile: { name, settings }, group, random, limits, onLayer, epochLog, suiteChange }
  const state = newState(about)
  if (epochLog?.serverKey() !== undefined) {
    const { epoch, hash } = firstLogHead(epochLog.crypto, state.groupId, state.keys.epoch)
    state.heads.follow({ epoch, hash, acceptedAtMs: 0 }, limits.headsKept)
  }
  return state
}

/** Enters the group of a Welcome. Total for foreign bytes. */
export function joinMember(options: JoinMemberOptions): Joined {
  const entered = enterState(options)
  if (entered.kind === "rejected") return entered
  const { state, bundle, by } = entered
  startUpkeep(state, "joined", options.nowMs)
  const { epoch } = state.keys
  return {
    kind: "joined",
    member: new OrderedMember(state),
    by,
    usedKeyPackageRef: bundle.ref,
    isLastResort: bundle.isLastResort,
    events: [
      { kind: "joined", epoch, by },
      { kind: "epoch_changed", epoch, authenticator: state.group.epochAuthenticator() },
    ],
  }
}

/** A newcomer's state, or why the Welcome was of no use. */
export type Entered =
  | {
      readonly kind: "entered"
      readonly state: MemberState
      readonly bundle: KeyPackageBundle
      /** Who invited us. */
      readonly by: IdentityKey
    }
  | { readonly kind: "rejected"; readonly reason: JoinRejection }

/** Opens a Welcome and looks at the group in it. Total for foreign bytes. */
export function enterState(options: JoinMemberOptions): Entered {
  const { suite, random, onLayer, epochLog } = options
  const limits = resolveLimits(options.limits)
  const received = receiveEnvelope(options.envelope, { sizeBytes: limits.envelopeBytes })
  if (received.kind === "drop" || received.envelope.kind !== "welcome") return reject("malformed")
  const { groupId, epoch, sealed } = received.envelope
  const [bytesIn, bytesOut] = [options.envelope.length, sealed.length]
  onLayer?.({ layer: "envelope", direction: "up", bytesIn, bytesOut, id: "welcome" })

  const { suite: own, joined } = joinAny(options, sealed, limits)
  if (joined.kind === "rejected") {
    return reject(joined.reason === "no_matching_key_package" ? joined.reason : "welcome_rejected")
  }
  const { group } = joined
  const origin = originOf(group)
  const isLabelledSo =
    origin !== undefined && equalBytes(origin.groupId, groupId) && origin.epochsBefore + group.epoch === epoch
  const profile = isLabelledSo ? profileOfOurs(group) : undefined
  const inviter = group.member(joined.addedBy)
  const by = inviter && deviceOf(inviter)?.identityKey
  if (profile === undefined || by === undefined) {
    group[Symbol.dispose]()
    return reject(isLabelledSo ? "not_a_qpc_group" : "header_mismatch")
  }
  const { identityKey: self, deviceKey: device } = knownDevice(group.member(group.ownLeafIndex))
  const suiteChange = suiteChangeOf(suite, options)
  const about = { suite: own, self, device, profile, origin, group, random, limits, onLayer, epochLog, suiteChange }
  const state = newState(about)
  enterLog(state, received.envelope)
  const { serverProof } = options
  if (serverProof !== undefined) state.heads.proof = { ...serverProof, bytes: serverProof.bytes.slice() }
  return { kind: "entered", state, bundle: joined.bundle, by }
}

/** Opens a Welcome in whatever suite of ours it is. */
function joinAny(
  options: JoinMemberOptions,
  welcome: Uint8Array,
  limits: ResolvedLimits,
): { readonly suite: CipherSuite; readonly joined: JoinedGroup } {
  const { bundles, device: signatureKeys } = options
  for (const suite of suitesOf(options.suite, options)) {
    const joined = Group.join({ suite, welcome, bundles, signatureKeys, ...mlsRules(suite, limits) })
    if (joined.kind === "joined" || joined.reason !== "welcome_cipher_suite") return { suite, joined }
  }
  return { suite: options.suite, joined: { kind: "rejected", reason: "welcome_cipher_suite" } }
}

/** All suites that a member may have, the first one first. */
export function suitesOf(suite: CipherSuite, { suites = [] }: MemberSurroundings): readonly CipherSuite[] {
  return [suite, ...suites.filter(({ id }) => id !== suite.id)]
}

/** What lets a member follow its group into another suite. */
export function suiteChangeOf(suite: CipherSuite, surroundings: MemberSurroundings): SuiteChangeOptions {
  return { suites: suitesOf(suite, surroundings), deviceKeys: surroundings.device }
}

function reject(reason: JoinRejection): Extract<Entered, { kind: "rejected" }> {
  return { kind: "rejected", reason }
}
