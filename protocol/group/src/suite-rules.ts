import { XWING_SUITE_ID } from "@qpc/crypto"
import type { IdentityKey } from "@qpc/wire"
import type { GroupSettings } from "./group-settings.ts"
import { isAllowed } from "./permissions.ts"

/**
 * Why a group does not change to a cipher suite. All members decide alike: which suites a program has does not count here.
 *
 * - `settings_missing`: the group is of before there were settings, and nobody can be told apart in it.
 * - `group_closed`: a closed group does not change.
 * - `suite_not_allowed`: whoever wants it may not change the settings.
 * - `suite_unchanged`: the group has that suite.
 * - `suite_unknown`: not one that our groups may have.
 * - `suite_other_signature`: devices sign with Ed25519, in all groups, and the suite wants another signature.
 * - `suite_weaker`: it would take back what the present suite protects from.
 */
export type SuiteObjection =
  | "settings_missing"
  | "group_closed"
  | "suite_not_allowed"
  | "suite_unchanged"
  | "suite_unknown"
  | "suite_other_signature"
  | "suite_weaker"

/** Suites that groups may have, by code point. A group never goes to a lower number: 2 holds against quantum computers, 1 does not. */
const STRENGTHS: ReadonlyMap<number, number> = new Map([
  [0x0001, 1],
  [0x0003, 1],
  [XWING_SUITE_ID, 2],
])

/** Suites of RFC 9420 §17.1 that sign with something else than Ed25519. */
const OTHER_SIGNATURES: ReadonlySet<number> = new Set([0x0002, 0x0004, 0x0005, 0x0006, 0x0007])

/** True for a suite that a group may have, whether or not this program has it. */
export const isSuiteOfGroups = (suiteId: number): boolean => STRENGTHS.has(suiteId)

/** Decides whether `author` may lead a group from one suite to another; `undefined` if they may. */
export function checkSuiteChange(
  settings: GroupSettings | undefined,
  author: IdentityKey,
  { from, to }: { readonly from: number; readonly to: number },
): SuiteObjection | undefined {
  if (settings === undefined) return "settings_missing"
  if (settings.isClosed) return "group_closed"
  if (!isAllowed(settings, author, "changeSettings")) return "suite_not_allowed"
  if (from === to) return "suite_unchanged"
  if (OTHER_SIGNATURES.has(to)) return "suite_other_signature"
  if (!STRENGTHS.has(to)) return "suite_unknown"
  return isWeakerSuite(from, to) ? "suite_weaker" : undefined
}

/**
 * True if a group of the suite `from` may never be one of the suite `to`: by no change, by no new invitation, and by no answer to a
 * device that lost it.
 */
export function isWeakerSuite(from: number, to: number): boolean {
  return strengthOf(to) < strengthOf(from)
}

const strengthOf = (suiteId: number): number => STRENGTHS.get(suiteId) ?? 0
