import { receiveEnvelope } from "@qpc/envelope"
import { encodeMessage, decodeMessage } from "@qpc/gtp"
import { Sender } from "@qpc/gbp"
import { Group, splitMlsMessages } from "@qpc/mls"
import type { StagedCommit, WelcomeReason } from "@qpc/mls"
import { DecodeError, equalBytes, GROUP_ID_BYTES } from "@qpc/wire"
import { identityOfDevice } from "./change-suite.ts"
import { areEqualExtensions, originAfter } from "./group-origin.ts"
import { profileOfOurs } from "./group-profile.ts"
import type { KeyPackageBundle } from "./key-packages.ts"
import { frameSurroundings, messageLimits } from "./member-state.ts"
import type { MemberState } from "./member-state.ts"
import { mlsRules } from "./mls-rules.ts"
import type { MlsGroup } from "./replaced-groups.ts"
import { knownDevice } from "./roster.ts"
import { checkSuiteChange } from "./suite-rules.ts"
import type { SuiteObjection } from "./suite-rules.ts"

/** Why a commit that ends the MLS group in favour of another is not followed. Beside these: what is wrong with its Welcome. */
export type SuccessionObjection =
  | SuiteObjection
  | Exclude<WelcomeReason, "no_matching_key_package">
  /** It brings no Welcome into the group that it announces. */
  | "successor_missing"
  /** It announces a group under the id of ours, or an id that is none. */
  | "successor_group_id"
  /** It announces a group with another name, other settings or roles, or one that does not go on where ours is, or cannot. */
  | "successor_extensions"
  /** Somebody else than its author made the Welcome. */
  | "successor_of_another"
  /** Our program does not have the suite: update it; the commit can be had later. */
  | "suite_missing"
  /**
   * Its Welcome is for no key package that we have. The private half may be gone; but no signature covers the Welcome, so it may as well
   * be one that the delivery service put there: nothing ends, and the commit can be had later.
   */
  | "key_package_gone"
  /** Nobody handed our key packages over. The commit can be had later. */
  | "key_packages_missing"

/** What a commit that changes the suite leads to, once everything about it is found in order. */
export interface Successor {
  readonly next: MlsGroup
  /** Our key package that the Welcome was made for. */
  readonly keyPackage: KeyPackageBundle
}

/** Takes the Welcome of the next group off the end of what a commit's envelope holds. Views. */
export function takeWelcome(sealed: Uint8Array): { readonly rest: Uint8Array; readonly welcome?: Uint8Array } {
  const last = lastMessage(sealed)
  if (last === undefined || !isWelcome(last)) return { rest: sealed }
  return { rest: sealed.subarray(0, sealed.length - last.length), welcome: last }
}

/**
 * True for an envelope that leads into another suite: whoever takes it in needs their key packages for it. Total.
 *
 * @param isDue - Which epochs it may say that it is of; default any. Its label is not authenticated, and looking through key packages
 * is work.
 */
export function changesSuite(envelope: Uint8Array, isDue: (epoch: bigint) => boolean = () => true): boolean {
  const received = receiveEnvelope(envelope)
  if (received.kind === "drop" || received.envelope.kind !== "commit" || !isDue(received.envelope.epoch)) return false
  return takeWelcome(received.envelope.sealed).welcome !== undefined
}

function lastMessage(sealed: Uint8Array): Uint8Array | undefined {
  try {
    return splitMlsMessages(sealed).at(-1)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** The wire format of an MLSMessage stands behind its version (RFC 9420 §6, §17.2). */
const isWelcome = (message: Uint8Array): boolean => message[2] === 0 && message[3] === 3

/** Opens the group that takes the place of ours, and checks that it is what our group would be. Nothing changes. */
export function openSuccessor(
  state: MemberState,
  staged: StagedCommit,
  brought: {
    readonly welcome: Uint8Array | undefined
    /** `undefined` where whoever called did not look for them. Borrowed. */
    readonly keyPackages: readonly KeyPackageBundle[] | undefined
  },
): Successor | SuccessionObjection {
  const { group, suiteChange, limits } = state
  const objection = checkReInit(state, staged)
  if (objection !== undefined) return objection
  if (brought.welcome === undefined) return "successor_missing"
  const suite = suiteChange?.suites.find(({ id }) => id === staged.report.reinit?.cipherSuite)
  if (suite === undefined || suiteChange === undefined) return "suite_missing"
  if (brought.keyPackages === undefined) return "key_packages_missing"
  const joined = Group.join({
    suite,
    welcome: brought.welcome,
    bundles: brought.keyPackages,
    signatureKeys: suiteChange.deviceKeys,
    parent: group,
    staged,
    identityOf: identityOfDevice,
    ...mlsRules(suite, limits),
  })
  if (joined.kind === "rejected") {
    return joined.reason === "no_matching_key_package" ? "key_package_gone" : joined.reason
  }
  const author = knownDevice(group.member(staged.committer)).deviceKey
  if (!equalBytes(knownDevice(joined.group.member(joined.addedBy)).deviceKey, author)) {
    joined.group[Symbol.dispose]()
    return "successor_of_another"
  }
  return { next: { suite, group: joined.group, epochsBefore: state.keys.epoch }, keyPackage: joined.bundle }
}

/** What the commit itself says; who is in the next group, and how it begins, MLS has checked (RFC 9420 §11.2). */
function checkReInit(state: MemberState, { committer, report }: StagedCommit): SuccessionObjection | undefined {
  const { group, groupId, profile, suite, keys } = state
  const { reinit } = report
  if (reinit === undefined) throw new Error("unreachable: the commit ends no group")
  const author = knownDevice(group.member(committer)).identityKey
  const objection = checkSuiteChange(profile.settings, author, { from: suite.id, to: reinit.cipherSuite })
  if (objection !== undefined) return objection
  const isOtherId = reinit.groupId.length === GROUP_ID_BYTES && !equalBytes(reinit.groupId, group.groupId)
  if (!isOtherId) return "successor_group_id"
  const expected = originAfter(group, { groupId, epochsBefore: keys.epoch })
  const isExpected = expected !== undefined && areEqualExtensions(reinit.extensions, expected)
  return isExpected ? undefined : "successor_extensions"
}

/** Puts a group in the place of ours, which has just ended. Takes ownership. */
export function goOnWith(state: MemberState, next: MlsGroup): void {
  const { suite, group, keys, replaced, groupId, limits, heldTexts } = state
  const profile = profileOfOurs(next.group)
  if (profile === undefined) throw new Error("unreachable: it has the extensions of ours")
  replaced.add({ suite, group, epochsBefore: keys.epochsBefore })
  keys.goOnWith(next)
  state.suite = next.suite
  state.group = next.group
  state.profile = profile
  const senderId = next.group.ownLeafIndex
  state.sender = new Sender(frameSurroundings(groupId, keys, limits), senderId)
  // A text names its sender, whose number is another one now.
  heldTexts.rewrite((payload) => encodeMessage({ ...decodeMessage(payload, messageLimits(limits)), senderId }))
}
