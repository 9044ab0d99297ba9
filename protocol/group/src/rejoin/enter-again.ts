import type { CipherSuite } from "@qpc/crypto"
import { envelopeHeader, LOG_HASH_BYTES, receiveEnvelope, sendEnvelope, verifyLogHead } from "@qpc/envelope"
import type { Envelope } from "@qpc/envelope"
import { cipherSuiteOf, Group, inspectGroupInfo } from "@qpc/mls"
import type { Credential, InspectedGroup } from "@qpc/mls"
import { equalBytes, newMessageId } from "@qpc/wire"
import type { GroupId, IdentityKey } from "@qpc/wire"
import { suiteChangeOf, suitesOf } from "../create.ts"
import type { MemberSurroundings } from "../create.ts"
import { deviceValidator } from "../device-credential.ts"
import { originOf } from "../group-origin.ts"
import type { GroupOrigin } from "../group-origin.ts"
import { OUR_EXTENSIONS, profileOf, profileOfOurs } from "../group-profile.ts"
import { encodeSettings } from "../group-settings.ts"
import type { GroupSettings } from "../group-settings.ts"
import type { Head } from "../heads.ts"
import type { Member } from "../member.ts"
import { newState, resolveLimits } from "../member-state.ts"
import type { MemberState } from "../member-state.ts"
import { mlsRules } from "../mls-rules.ts"
import { OrderedMember } from "../ordered-member.ts"
import { deviceOf, leavesOf } from "../roster.ts"
import type { Device } from "../roster.ts"
import type { Outgoing } from "../step.ts"
import { isWeakerSuite } from "../suite-rules.ts"
import { startUpkeep } from "../upkeep.ts"
import type { AskedRejoin } from "./ask-to-rejoin.ts"
import { openAnswer, readRejoinStatement } from "./rejoin-answer.ts"
import type { RejoinStatement } from "./rejoin-answer.ts"
import { readRejoinRequest } from "./rejoin-request.ts"
import { sealCommit } from "./sealed-commit.ts"
import { hasSameRoles, isWitnessed } from "./witness.ts"
import type { RejoinWitness } from "./witness.ts"

/** What {@link enterAgain} needs. */
export interface EnterAgainOptions extends MemberSurroundings {
  readonly suite: CipherSuite
  readonly groupId: GroupId
  readonly self: IdentityKey
  readonly asked: AskedRejoin
  /** An envelope of kind `rejoin_answer`. */
  readonly envelope: Uint8Array
  /** Who we were in the group; `undefined` where that record is gone. Borrowed. */
  readonly earlier: Member | undefined
  /** What came of other answers to our requests: see `unconfirmed`. Default: none. */
  readonly heard?: readonly RejoinWitness[]
  /** True if a person wants to go into the group whatever roles the others have there. Default false. */
  readonly isInsisted?: boolean
  readonly nowMs: number
}

/** What came of an answer. */
export type EnteredAgain =
  | {
      readonly kind: "entering"
      /** The member that we are once the delivery service takes the commit; for `confirmRejoin`. Secret: to be stored encrypted. */
      readonly member: Uint8Array
      /** The commit, with its claim. */
      readonly outgoing: Outgoing
      /** That the commit leaves. */
      readonly epoch: bigint
      /** Who answered. */
      readonly by: IdentityKey
    }
  /**
   * Others have other roles there than when we followed the group, on the word of one member alone: keep it for `heard` until another
   * person says the same, or until a person insists.
   */
  | { readonly kind: "unconfirmed"; readonly witness: RejoinWitness }
  | {
      readonly kind: "rejected"
      readonly reason: RejoinRejection
      /** What the answer says of the log of epochs, where that is what is wrong with it: it may complete a proof. */
      readonly head?: Head
    }

/** Why an answer was of no use. */
export type RejoinRejection =
  | "malformed"
  /** It was not made for this request, or was changed. */
  | "answer_unreadable"
  /** It names another group or epoch than its envelope. */
  | "header_mismatch"
  /** The group has a cipher suite by now that we do not: update this program. */
  | "suite_missing"
  /** It is of a group with a weaker cipher suite than the one we were in had. */
  | "suite_weaker"
  /** It is no statement of a member, or its tree is none (RFC 9420 §12.4.3.1). */
  | "group_info_refused"
  /** It does not say to which request it belongs, or names another. */
  | "statement_missing"
  /** It leads back in time. */
  | "epoch_too_old"
  /** It says of an epoch that we were in that others were in it, or that it had other settings. */
  | "members_contradict"
  /** We signed it ourselves. */
  | "answered_by_ourselves"
  /** We are not in the group any more. */
  | "own_leaf_missing"
  /** Our device is somebody else's there. */
  | "identity_changed"
  | "not_a_qpc_group"
  | "group_closed"
  /** It says nothing of the log of epochs, which we have followed. */
  | "head_missing"
  | "head_unsigned"
  /** The delivery service has signed another line of epochs. */
  | "head_contradicts"
  /** The delivery service was proven a liar; see {@link Member.goOn}. */
  | "server_equivocated"
  /** The commit would not be valid, or is larger than any carrier takes. */
  | "commit_refused"

/** What an answer says, believed as far as an outsider can. */
interface Believed {
  /** That of the group. */
  readonly suite: CipherSuite
  /** As everybody counts, also across changes of the suite. */
  readonly epoch: bigint
  readonly origin: GroupOrigin
  readonly statement: RejoinStatement
  readonly settings: GroupSettings | undefined
  readonly contextHash: Uint8Array
  readonly own: { readonly device: Device; readonly credential: Credential }
  readonly by: IdentityKey
}

type Rejected = Extract<EnteredAgain, { kind: "rejected" }>

/**
 * Makes the external commit that puts this device in the place of its own old leaf (RFC 9420 §12.4.3.2). Total for foreign bytes.
 *
 * The answer is the word of one member. A member can lie about who else is in the group as long as nobody contradicts; the others do not
 * follow the commit then, and nothing but `confirmRejoin` makes us a member by it.
 */
export function enterAgain(options: EnterAgainOptions): EnteredAgain {
  const { suite, groupId, asked } = options
  const limits = resolveLimits(options.limits)
  const received = receiveEnvelope(options.envelope, { sizeBytes: limits.envelopeBytes })
  if (received.kind === "drop" || received.envelope.kind !== "rejoin_answer") return rejected("malformed")
  const { envelope } = received
  if (!equalBytes(envelope.groupId, groupId)) return rejected("header_mismatch")
  if (options.earlier?.serverProof?.isHalting === true) return rejected("server_equivocated")
  const request = readRejoinRequest([suite], asked.request)
  if (request === undefined) throw new RangeError("not a request of ours")
  const place = { groupId, epoch: envelope.epoch, requestHash: request.hash }
  const groupInfo = openAnswer(suite, asked.privateKey, place, envelope.sealed)
  if (groupInfo === undefined) return rejected("answer_unreadable")
  try {
    const believed = believe(options, envelope, groupInfo, request.hash)
    if ("kind" in believed) return believed
    const { by, contextHash } = believed
    const witness = { by, contextHash }
    return isConfirmed(options, believed, witness)
      ? commitAgain(options, believed, groupInfo)
      : { kind: "unconfirmed", witness }
  } finally {
    groupInfo.fill(0)
  }
}

function isConfirmed(
  { earlier, heard = [], isInsisted = false }: EnterAgainOptions,
  { settings }: Believed,
  witness: RejoinWitness,
): boolean {
  if (isInsisted || earlier === undefined || hasSameRoles(earlier.settings, settings)) return true
  return isWitnessed(earlier, witness, heard)
}

function believe(
  options: EnterAgainOptions,
  { epoch, groupId }: Envelope,
  groupInfo: Uint8Array,
  requestHash: Uint8Array,
): Believed | Rejected {
  const { device, self, earlier } = options
  const suite = suitesOf(options.suite, options).find(({ id }) => id === cipherSuiteOf(groupInfo))
  if (suite === undefined) return rejected("suite_missing")
  if (earlier !== undefined && isWeakerSuite(earlier.suiteId, suite.id)) return rejected("suite_weaker")
  const { limits } = mlsRules(suite, resolveLimits(options.limits))
  const policy = { credentialValidator: deviceValidator(suite) }
  const inspected = inspectGroupInfo({ suite, groupInfo, limits, policy })
  if (inspected.kind === "rejected") return rejected("group_info_refused")
  const { group } = inspected
  const origin = originOf(group)
  const isLabelledSo =
    origin !== undefined && equalBytes(origin.groupId, groupId) && origin.epochsBefore + group.epoch === epoch
  if (!isLabelledSo) return rejected("header_mismatch")
  const statement = readRejoinStatement(group.statements)
  const isForUs = statement !== undefined && equalBytes(statement.requestHash, requestHash)
  if (!isForUs || statement.commitKey.length !== suite.sizes.aeadKeyBytes) return rejected("statement_missing")
  if (earlier !== undefined && epoch < earlier.epoch) return rejected("epoch_too_old")
  const leaves = group.members.map((member) => ({ member, device: deviceOf(member) }))
  const profile = profileOf(group.extensions)
  if (profile === undefined || leaves.some((leaf) => leaf.device === undefined)) return rejected("not_a_qpc_group")
  if (profile.settings?.isClosed === true) return rejected("group_closed")
  const own = leaves.find(({ member }) => equalBytes(member.signatureKey, device.publicKey))
  if (own?.device === undefined) return rejected("own_leaf_missing")
  if (!equalBytes(own.device.identityKey, self)) return rejected("identity_changed")
  const signer = leaves.find(({ member }) => member.leafIndex === group.signer)
  if (signer?.device === undefined || signer === own) return rejected("answered_by_ourselves")
  if (earlier?.epoch === epoch && !isSameGroup(earlier, group, profile.settings)) return rejected("members_contradict")
  const objection = judgeHead(options, epoch, statement)
  if (objection !== undefined) return objection
  const { credential } = own.member
  const contextHash = suite.hash(group.context)
  const about = { suite, epoch, origin, statement, settings: profile.settings, contextHash }
  return { ...about, own: { device: own.device, credential }, by: signer.device.identityKey }
}

/** All members of an epoch agree on who is in it, and on its settings. */
function isSameGroup(earlier: Member, { members }: InspectedGroup, settings: GroupSettings | undefined): boolean {
  const [before, after] = [earlier.settings, settings].map((some) => some && encodeSettings(some))
  if (before === undefined || after === undefined ? before !== after : !equalBytes(before, after)) return false
  const known = earlier.members().flatMap(({ devices }) => devices)
  if (known.length !== members.length) return false
  return known.every(({ deviceKey, leafIndex }) =>
    members.some((member) => member.leafIndex === leafIndex && equalBytes(member.signatureKey, deviceKey)),
  )
}

/** Holds what the answer says of the log of epochs against what the delivery service has signed for us. */
function judgeHead(
  { epochLog, earlier, groupId }: EnterAgainOptions,
  epoch: bigint,
  { head: stated }: RejoinStatement,
): Rejected | undefined {
  const serverKey = epochLog?.serverKey()
  if (epochLog === undefined || serverKey === undefined) return undefined
  if (stated === undefined) {
    const hasFollowed = earlier?.signedHead(earlier.epoch) !== undefined
    return hasFollowed ? rejected("head_missing") : undefined
  }
  const head = { epoch, ...stated }
  if (!verifyLogHead(epochLog.crypto, serverKey, { ...head, groupId })) return rejected("head_unsigned")
  const known = earlier?.signedHead(epoch)
  if (known === undefined || equalBytes(known.hash, head.hash)) return undefined
  return { kind: "rejected", reason: "head_contradicts", head }
}

function commitAgain(options: EnterAgainOptions, believed: Believed, groupInfo: Uint8Array): EnteredAgain {
  const { device, random, groupId, nowMs } = options
  const { suite, epoch, statement, own, by } = believed
  const limits = resolveLimits(options.limits)
  const joined = Group.joinExternally({
    suite,
    groupInfo,
    credential: own.credential,
    signatureKeys: device,
    capabilities: { extensions: OUR_EXTENSIONS },
    replaces: ({ signatureKey }) => equalBytes(signatureKey, device.publicKey),
    authenticatedData: envelopeHeader({ kind: "commit", groupId, epoch }),
    random,
    ...mlsRules(suite, limits),
  })
  if (joined.kind === "rejected") return rejected("commit_refused")
  const state = memberState(options, believed, joined.group)
  const sealed = sealCommit(suite, statement, { groupId, epoch }, joined.commit, random)
  const enveloped = sendEnvelope({ kind: "commit", groupId, epoch, sealed }, { sizeBytes: limits.envelopeBytes })
  using member = new OrderedMember(state)
  if (enveloped.kind === "too_large") return rejected("commit_refused")
  state.ownCommits.add(suite.hash(sealed))
  if (statement.head !== undefined) enterLogAt(state, { epoch, ...statement.head })
  startUpkeep(state, "joined", nowMs)
  const recipients = leavesOf(joined.group).map(({ deviceKey }) => deviceKey)
  const authenticatorHash = suite.hash(joined.group.epochAuthenticator()).slice(0, LOG_HASH_BYTES)
  const outgoing: Outgoing = {
    messageId: newMessageId(nowMs, random),
    groupId,
    deliveries: [{ recipients, envelope: enveloped.bytes }],
    claim: { epoch, membersAfter: recipients, authenticatorHash },
  }
  return { kind: "entering", member: member.toBytes(), outgoing, epoch, by }
}

function memberState(options: EnterAgainOptions, { suite, origin, own }: Believed, group: Group): MemberState {
  const { random, onLayer, epochLog } = options
  const profile = profileOfOurs(group)
  if (profile === undefined) throw new Error("unreachable: the group was inspected, and the commit changes no settings")
  const { identityKey: self, deviceKey: device } = own.device
  const [limits, suiteChange] = [resolveLimits(options.limits), suiteChangeOf(options.suite, options)]
  const about = { suite, self, device, profile, origin, group, random, limits, onLayer, epochLog, suiteChange }
  return newState(about)
}

/** The log is followed from the epoch that the commit leaves, so that the delivery service has to continue it. */
function enterLogAt({ heads, keys, limits }: MemberState, head: Head): void {
  heads.remember(head, keys.epoch, limits.headsKept)
  heads.follow({ epoch: head.epoch, hash: head.hash, acceptedAtMs: 0 }, limits.headsKept)
}

function rejected(reason: RejoinRejection): Rejected {
  return { kind: "rejected", reason }
}
