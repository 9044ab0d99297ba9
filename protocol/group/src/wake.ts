import type { CipherSuite } from "@qpc/crypto"
import { Group, StateVersionError, suiteIdOfBytes, suiteIdOfRecords } from "@qpc/mls"
import type { GroupSurroundings } from "@qpc/mls"
import { DecodeError, equalBytes } from "@qpc/wire"
import type { StateRecord } from "@qpc/wire"
import { suiteChangeOf, suitesOf } from "./create.ts"
import type { MemberSurroundings } from "./create.ts"
import { originOf } from "./group-origin.ts"
import { profileOfOurs } from "./group-profile.ts"
import { isMissing } from "./key-packages.ts"
import type { Member } from "./member.ts"
import type { Self } from "./member-state.ts"
import { firstDevice, headerOf, MemberRecords, restoreLayers, selfOf, splitRecords } from "./member-records.ts"
import { newState, resolveLimits } from "./member-state.ts"
import type { MemberState } from "./member-state.ts"
import { mlsRules } from "./mls-rules.ts"
import { OrderedMember } from "./ordered-member.ts"
import type { WakeGroup } from "./replaced-groups.ts"
import { groupBytesIn, openState } from "./state-codec.ts"
import { GroupStateError } from "./state-error.ts"
import { restoreLayersV2 } from "./state-v2.ts"
import { FIRST_RECORDS_VERSION, STATE_VERSION } from "./state-version.ts"

/**
 * Wakes a stored member from one piece. Everything is owed to the store then: {@link Member.takeChanges} begins with a whole
 * state.
 *
 * @throws GroupStateError if `bytes` is not what {@link Member.toBytes} writes, or wrote in any version, or belongs to another
 *   identity
 */
export function memberFromBytes(suite: CipherSuite, bytes: Uint8Array, surroundings: MemberSurroundings): Member {
  return wakeFromBytes(suite, bytes, surroundings).member
}

/** The same, with what the member is made of. @throws GroupStateError as {@link memberFromBytes} */
export function wakeFromBytes(
  suite: CipherSuite,
  bytes: Uint8Array,
  surroundings: MemberSurroundings,
): { readonly member: Member; readonly state: MemberState } {
  return namingDamage(() => {
    const own = find(suitesOf(suite, surroundings), suiteIdIn(bytes)) ?? suite
    const opened = openState(own, bytes, surroundings.device.publicKey)
    const group = Group.fromBytes(own, opened.groupBytes, groupSurroundings(own, surroundings))
    const self = opened.kind === "v2" ? firstDevice(surroundings.device.publicKey) : selfOf(opened.layers)
    const state = stateOf({ suite, own }, group, self, surroundings)
    if (opened.kind === "v2") restoreLayersV2(state, opened)
    else restoreLayers(state, opened.layers, wakeGroup(suite, surroundings))
    const records = new MemberRecords(state, opened.kind === "v2" ? undefined : splitRecords(opened.layers))
    records.oweAll()
    return { member: memberOf(state, records), state }
  })
}

/**
 * Wakes a stored member from the records that {@link Member.takeChanges} led to; nothing is owed to the store then, except
 * what an older format did not have. Copies.
 *
 * @param stored - All records of this member, in any order.
 * @throws GroupStateError unless they are all records of one member of this identity at one time
 */
export function memberFromRecords(
  suite: CipherSuite,
  stored: Iterable<StateRecord>,
  surroundings: MemberSurroundings,
): Member {
  return namingDamage(() => {
    const split = splitRecords(stored)
    const header = headerOf(split.layers)
    if (header.version > STATE_VERSION) throw new GroupStateError("unknown_version")
    if (!equalBytes(header.device, surroundings.device.publicKey)) throw new GroupStateError("wrong_identity")
    const isOfOneTime = header.version >= FIRST_RECORDS_VERSION && equalBytes(header.mlsCheck, split.mlsCheck)
    if (!isOfOneTime) throw new GroupStateError("corrupt")
    const own = find(suitesOf(suite, surroundings), header.suiteId)
    if (own === undefined) throw withoutSuite(header.suiteId, suiteIdOfRecords(split.group))
    const group = Group.fromRecords(own, split.group, groupSurroundings(own, surroundings))
    const state = stateOf({ suite, own }, group, selfOf(split.layers), surroundings)
    restoreLayers(state, split.layers, wakeGroup(suite, surroundings))
    return memberOf(state, new MemberRecords(state, split))
  })
}

function groupSurroundings(suite: CipherSuite, { device, limits }: MemberSurroundings): GroupSurroundings {
  return { signatureKeys: device, ...mlsRules(suite, resolveLimits(limits)) }
}

/** Wakes a group that another took the place of, or will. */
function wakeGroup(suite: CipherSuite, surroundings: MemberSurroundings): WakeGroup {
  return (suiteId, bytes) => {
    const own = find(suitesOf(suite, surroundings), suiteId)
    if (own === undefined) throw withoutSuite(suiteId, suiteIdOfBytes(bytes))
    return { suite: own, group: Group.fromBytes(own, bytes, groupSurroundings(own, surroundings)) }
  }
}

/**
 * What is checked is checked by the suite that we lack: a damaged id would be taken for a suite of a later program, which nobody gets. But
 * it stands in two places.
 */
function withoutSuite(suiteId: number, suiteIdOfGroup: number): GroupStateError {
  return new GroupStateError(suiteId === suiteIdOfGroup ? "unknown_suite" : "corrupt")
}

/**
 * True for what {@link Member.toBytes} wrote of a group whose cipher suite this program lacks: a program that has it can wake it. The suite stands
 * in two places; where they differ it is damaged, which no program helps. Of the rest nothing is checked.
 */
export function isMemberOfMissingSuite(suites: readonly CipherSuite[], bytes: Uint8Array): boolean {
  const suiteId = suiteIdIn(bytes)
  return isMissing(suites, suiteId) && saysSuite(suiteId, bytes)
}

/** True if the MLS group in a snapshot says this suite too, or is one of newer software. */
function saysSuite(suiteId: number, bytes: Uint8Array): boolean {
  try {
    return suiteIdOfBytes(groupBytesIn(bytes)) === suiteId
  } catch (error) {
    if (error instanceof DecodeError) return false
    if (error instanceof StateVersionError) return true
    throw error
  }
}

/** The suite that a snapshot says it has; see `encodeState`. */
const suiteIdIn = ([, high = 0, low = 0]: Uint8Array): number => (high << 8) | low

const find = (suites: readonly CipherSuite[], suiteId: number): CipherSuite | undefined =>
  suites.find(({ id }) => id === suiteId)

/** @param suites - the first one of ours, and that of the group */
function stateOf(
  { suite, own }: { readonly suite: CipherSuite; readonly own: CipherSuite },
  group: Group,
  self: Self,
  surroundings: MemberSurroundings,
): MemberState {
  const { random, onLayer, limits, epochLog } = surroundings
  const [profile, origin] = [profileOfOurs(group), originOf(group)]
  if (profile === undefined || origin === undefined) throw new GroupStateError("corrupt")
  const suiteChange = suiteChangeOf(suite, surroundings)
  const about = { suite: own, ...self, profile, origin, group, random, onLayer, epochLog, suiteChange }
  return newState({ ...about, limits: resolveLimits(limits) })
}

function memberOf(state: MemberState, records: MemberRecords): Member {
  // Which intent a commit is for and how a proposal came is known here, they themselves are known to MLS: both are stored and lost
  // together.
  const isSameCommit = (state.intents.pending === undefined) === (state.group.pendingCommit === undefined)
  // Of a group that is over for us, MLS keeps no proposals; neither do we.
  const hasNext = state.replaced.next !== undefined
  const isSameSuite = hasNext === (state.group.pendingCommit?.report.reinit !== undefined)
  const isWhole = isSameCommit && isSameSuite && state.leaving.requests.length === state.group.pendingProposalCount
  if (!isWhole) throw new GroupStateError("corrupt")
  return new OrderedMember(state, records)
}

function namingDamage<T>(wake: () => T): T {
  try {
    return wake()
  } catch (error) {
    if (error instanceof DecodeError) throw new GroupStateError("corrupt", { cause: error })
    if (error instanceof StateVersionError) throw new GroupStateError("unknown_version", { cause: error })
    throw error
  }
}
