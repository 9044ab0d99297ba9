import type { CipherSuite } from "@qpc/crypto"
import { readDeviceCertificate, sendEnvelope } from "@qpc/envelope"
import type { Envelope } from "@qpc/envelope"
import { equalBytes, newMessageId } from "@qpc/wire"
import type { Draft } from "../draft.ts"
import { ownLabel } from "../follow-log.ts"
import { jitterMs } from "../jitter.ts"
import type { MemberState } from "../member-state.ts"
import { leavesOf } from "../roster.ts"
import { rejoinExtension, sealAnswer } from "./rejoin-answer.ts"
import { readRejoinRequest, verifyRejoinRequest } from "./rejoin-request.ts"
import type { ReceivedRequest } from "./rejoin-request.ts"
import type { AskingDevice, WaitingRejoin } from "./rejoins.ts"
import { commitKeyOf } from "./sealed-commit.ts"

/**
 * Why a device that asks to be let in again is not answered.
 *
 * - `rejoin_unknown_device`: it has no leaf in the group: nobody invited it, or it was removed.
 * - `rejoin_bad_signature`: another device asked in its name.
 * - `rejoin_stale`: it asked too long ago, in the future, or before something that it asked since.
 * - `rejoin_too_often`: it asked more than {@link GroupLimits.rejoinsPerHour} times.
 * - `rejoin_too_many`: too many devices ask.
 * - `rejoin_credential_expired`: what its person said of it does not count any more.
 * - `rejoin_suite_missing`: it wants the answer in a cipher suite that we do not have.
 * - `group_closed`: a closed group does not change.
 * - `server_equivocated`: which epoch it would come into, nobody can tell; see {@link Member.goOn}.
 */
type RejoinRefusal =
  | "malformed"
  | "header_mismatch"
  | "rejoin_unknown_device"
  | "rejoin_bad_signature"
  | "rejoin_stale"
  | "rejoin_too_often"
  | "rejoin_too_many"
  | "rejoin_credential_expired"
  | "rejoin_suite_missing"
  | "group_closed"
  | "server_equivocated"

const HOUR_MS = 3_600_000
/** How far another device's clock may be ahead of ours. */
const AHEAD_MS = HOUR_MS

/** Looks at the request of a device that cannot follow the group, and lines up for the answer. */
export function receiveRejoinRequest(state: MemberState, envelope: Envelope, nowMs: number, draft: Draft): void {
  const { rejoins, limits } = state
  const isCounted = (device: AskingDevice): boolean => knownInThisHour(device, nowMs) !== undefined
  rejoins.forgetOutside(nowMs - limits.rejoinRequestMs, nowMs + AHEAD_MS, isCounted)
  const request = readRejoinRequest(suitesOf(state), envelope.sealed)
  // A copy of this device, or we ourselves on the way back; other members answer.
  if (request !== undefined && equalBytes(request.deviceKey, state.device)) return
  const refusal = request === undefined ? "malformed" : judge(state, envelope, request, nowMs)
  if (request === undefined || refusal !== undefined)
    return draft.drop(refusal ?? "malformed", "STREAM_POLICY_VIOLATION")
  const { deviceKey, askedAtMs, suiteId, hash: requestHash, answerKey } = request
  const known = knownInThisHour(rejoins.find(deviceKey), nowMs)
  const atMs = turnAtMs(state, request, nowMs)
  const waiting = atMs === undefined ? undefined : { suiteId, requestHash, answerKey, atMs }
  const { count, sinceMs } = known ?? { count: 0, sinceMs: nowMs }
  rejoins.put({ deviceKey, askedAtMs, count: count + 1, sinceMs, waiting })
  tickRejoins(state, nowMs, draft)
}

/** Devices sign alike in all suites that groups may have; only the key for the answer is one of the suite that is named. */
function suiteOf(state: MemberState, suiteId: number): CipherSuite | undefined {
  return suitesOf(state).find(({ id }) => id === suiteId)
}

const suitesOf = ({ suite, suiteChange }: MemberState): readonly CipherSuite[] => [
  suite,
  ...(suiteChange?.suites ?? []),
]

function knownInThisHour(known: AskingDevice | undefined, nowMs: number): AskingDevice | undefined {
  // An hour that has not begun yet began by a clock that was ahead.
  return known !== undefined && Math.abs(nowMs - known.sinceMs) < HOUR_MS ? known : undefined
}

/** What is cheap comes first; the signature costs most. */
function judge(
  state: MemberState,
  envelope: Envelope,
  request: ReceivedRequest,
  nowMs: number,
): RejoinRefusal | undefined {
  const { group, groupId, profile, heads, limits, rejoins, suite } = state
  const { deviceKey, askedAtMs, lastEpoch } = request
  if (!equalBytes(request.groupId, groupId) || lastEpoch !== envelope.epoch) return "header_mismatch"
  if (profile.settings?.isClosed === true) return "group_closed"
  if (heads.isHalting) return "server_equivocated"
  const leaf = leavesOf(group).find((candidate) => equalBytes(candidate.deviceKey, deviceKey))
  if (leaf === undefined) return "rejoin_unknown_device"
  const known = rejoins.find(deviceKey)
  const isOld = askedAtMs < nowMs - limits.rejoinRequestMs || (known !== undefined && askedAtMs <= known.askedAtMs)
  if (suiteOf(state, request.suiteId) === undefined) return "rejoin_suite_missing"
  if (isOld || askedAtMs > nowMs + AHEAD_MS) return "rejoin_stale"
  if ((knownInThisHour(known, nowMs)?.count ?? 0) >= limits.rejoinsPerHour) return "rejoin_too_often"
  if (known === undefined && rejoins.count >= limits.rejoiningDevices) return "rejoin_too_many"
  if (!verifyRejoinRequest(suite, request)) return "rejoin_bad_signature"
  return isExpired(state, leaf.leafIndex, nowMs) ? "rejoin_credential_expired" : undefined
}

/** Judged by who answers alone: whoever refused a commit that all others took would be out. */
function isExpired({ group }: MemberState, leafIndex: number, nowMs: number): boolean {
  const credential = group.member(leafIndex)?.credential
  const certificate = credential?.kind === "basic" ? readDeviceCertificate(credential.identity) : undefined
  return certificate !== undefined && (nowMs < certificate.notBeforeMs || nowMs > certificate.notAfterMs)
}

/**
 * All other members stand in one line, which they compute alike from the request: whoever was asked in vain is not the first again.
 * The first answers at once, each further one a turn later, unless the device is in by then. An answer is as large as the group, so
 * whoever stands too far behind answers another request.
 */
function turnAtMs(
  { group, limits, random }: MemberState,
  { deviceKey, hash }: ReceivedRequest,
  nowMs: number,
): number | undefined {
  const others = leavesOf(group).filter((leaf) => !equalBytes(leaf.deviceKey, deviceKey))
  const first = new DataView(hash.buffer, hash.byteOffset).getUint32(0) % others.length
  const own = others.findIndex(({ leafIndex }) => leafIndex === group.ownLeafIndex)
  const place = (own - first + others.length) % others.length
  if (place >= limits.rejoinAnswers) return undefined
  return nowMs + place * limits.rejoinTurnMs + (place === 0 ? 0 : jitterMs(random, limits.rejoinTurnMs))
}

/** When {@link tickRejoins} has something to do. */
export function rejoinTurnAtMs({ rejoins, isActive }: MemberState): number | undefined {
  return isActive ? rejoins.nextAtMs : undefined
}

/** Answers those for whom it is our turn. */
export function tickRejoins(state: MemberState, nowMs: number, draft: Draft): void {
  if (!state.isActive || state.heads.isHalting) return
  for (const device of state.rejoins.due(nowMs)) {
    state.rejoins.settle(device.deviceKey)
    const isIn = leavesOf(state.group).some(({ deviceKey }) => equalBytes(deviceKey, device.deviceKey))
    if (isIn && device.waiting !== undefined) answer(state, device, device.waiting, nowMs, draft)
  }
}

function answer(
  state: MemberState,
  { deviceKey }: AskingDevice,
  { suiteId, requestHash, answerKey }: WaitingRejoin,
  nowMs: number,
  draft: Draft,
): void {
  const { group, groupId, random, limits } = state
  const { epoch } = state.keys
  const suite = suiteOf(state, suiteId)
  if (suite === undefined) return draft.drop("rejoin_suite_missing", "STREAM_POLICY_VIOLATION")
  const commitKey = commitKeyOf(state.suite, group, requestHash)
  const statement = rejoinExtension({ requestHash, commitKey, head: ownLabel(state) })
  const { groupInfo } = group.groupInfo({ externalPub: true, extensions: [statement], random })
  const seed = random(suite.sizes.kemSeedBytes)
  const sealed = sealAnswer(suite, answerKey, { groupId, epoch, requestHash }, groupInfo, seed)
  for (const used of [seed, commitKey, groupInfo, statement.extensionData]) used.fill(0)
  if (sealed === undefined) return draft.drop("malformed", "STREAM_POLICY_VIOLATION")
  const enveloped = sendEnvelope({ kind: "rejoin_answer", groupId, epoch, sealed }, { sizeBytes: limits.envelopeBytes })
  if (enveloped.kind === "too_large") return draft.drop("too_large", "STREAM_POLICY_VIOLATION")
  const deliveries = [{ recipients: [deviceKey], envelope: enveloped.bytes }]
  draft.send({ messageId: newMessageId(nowMs, random), groupId, deliveries })
}
