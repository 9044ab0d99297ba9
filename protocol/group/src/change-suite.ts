import type { CipherSuite } from "@qpc/crypto"
import { envelopeHeader, paddedBytes } from "@qpc/envelope"
import { validateKeyPackage } from "@qpc/mls"
import type { Credential, Extension, StagedCommit } from "@qpc/mls"
import { equalBytes, GROUP_ID_BYTES, toHex } from "@qpc/wire"
import { deviceValidator } from "./device-credential.ts"
import type { PlanFailure } from "./event.ts"
import { originAfter } from "./group-origin.ts"
import { OUR_EXTENSIONS } from "./group-profile.ts"
import type { Wanted } from "./intents.ts"
import type { MemberState } from "./member-state.ts"
import { mlsRules } from "./mls-rules.ts"
import type { MlsGroup } from "./replaced-groups.ts"
import { knownDevice, leavesOf, namedIn } from "./roster.ts"
import type { Device } from "./roster.ts"
import { checkSuiteChange } from "./suite-rules.ts"

/** A suite that the group is going to have, and what brings everybody else into it. */
export interface SuiteWanted {
  readonly suite: CipherSuite
  /** One for each device but ours. */
  readonly keyPackages: readonly Uint8Array[]
}

/** The commit that ends an MLS group, and the group that takes its place. */
export interface StagedSuccessor {
  readonly staged: StagedCommit
  /** MLSMessage. */
  readonly commit: Uint8Array
  /** MLSMessage for all others; empty where there are none. */
  readonly welcome: Uint8Array
  readonly next: MlsGroup
}

/** What it takes to change the suite as somebody wants; `undefined` if the group has it already. */
export function planSuite(
  state: MemberState,
  { suiteId, keyPackages }: Extract<Wanted, { kind: "change_suite" }>,
  nowMs: number,
): SuiteWanted | PlanFailure | undefined {
  const { group, profile, suiteChange, self, device } = state
  if (state.suite.id === suiteId) return undefined
  const objection = checkSuiteChange(profile.settings, self, { from: state.suite.id, to: suiteId })
  if (objection !== undefined) return objection
  const suite = suiteChange?.suites.find(({ id }) => id === suiteId)
  if (suite === undefined) return "suite_missing"
  if (extensionsAfter(state) === undefined) return "commit_refused"
  const credentialValidator = deviceValidator(suite)
  const brought = new Map<string, Uint8Array>()
  for (const keyPackage of keyPackages) {
    const validated = validateKeyPackage(suite, keyPackage, nowMs, { credentialValidator })
    if (validated.kind === "rejected") return "key_package_rejected"
    brought.set(deviceName(knownDevice(validated)), keyPackage)
  }
  // Whoever went meanwhile is passed over; whoever came meanwhile must not be lost.
  const others = leavesOf(group).filter(({ deviceKey }) => !equalBytes(deviceKey, device))
  const found = others.map((leaf) => brought.get(deviceName(leaf)))
  return isWhole(found) ? { suite, keyPackages: found } : "suite_key_package_missing"
}

/**
 * Ends the MLS group in favour of one with another suite, and makes that one with all members (RFC 9420 §11.2). Both go into one
 * envelope, which the delivery service takes or refuses as a whole: there is no time in which the old group has ended and
 * nobody has made the next, no two members can make one each, and nobody has to come back for it.
 *
 * @returns `undefined` if the group, or one of the key packages, does not allow it; then nothing has changed
 */
export function stageSuccessor(
  state: MemberState,
  { suite, keyPackages }: SuiteWanted,
  nowMs: number,
): StagedSuccessor | undefined {
  const { group, groupId, random, suiteChange, limits } = state
  const { epoch } = state.keys
  const extensions = extensionsAfter(state)
  const own = group.member(group.ownLeafIndex)
  const isPlanned = own !== undefined && suiteChange !== undefined && extensions !== undefined
  if (!isPlanned) throw new Error("unreachable: it was planned")
  const ended = group.stageCommit({
    reinit: { groupId: random(GROUP_ID_BYTES), version: 1, cipherSuite: suite.id, extensions },
    includeQueuedProposals: false,
    forcePath: true,
    authenticatedData: envelopeHeader({ kind: "commit", groupId, epoch }),
    paddedBytes,
    random,
    nowMs,
  })
  if (ended.kind === "refused") return undefined
  const { staged, commit } = ended
  const made = group.createSuccessor({
    suite,
    staged,
    keyPackages,
    credential: own.credential,
    signatureKeys: suiteChange.deviceKeys,
    capabilities: { extensions: OUR_EXTENSIONS },
    forcePath: true,
    identityOf: identityOfDevice,
    random,
    nowMs,
    ...mlsRules(suite, limits),
  })
  if (made.kind === "refused") {
    group.clear(staged)
    return undefined
  }
  const { welcome = new Uint8Array(0) } = made
  return { staged, commit, welcome, next: { suite, group: made.group, epochsBefore: epoch } }
}

function extensionsAfter({ group, groupId, keys }: MemberState): Extension[] | undefined {
  return originAfter(group, { groupId, epochsBefore: keys.epoch })
}

/** The same device in both groups, although its certificate may be another. */
export function identityOfDevice(credential: Credential): string {
  const device = namedIn(credential)
  if (device === undefined) throw new Error("unreachable: a leaf that is nobody's device was let in")
  return deviceName(device)
}

function deviceName({ identityKey, deviceKey }: Device): string {
  return `${toHex(identityKey)} ${toHex(deviceKey)}`
}

function isWhole(found: readonly (Uint8Array | undefined)[]): found is readonly Uint8Array[] {
  return found.every((keyPackage) => keyPackage !== undefined)
}
