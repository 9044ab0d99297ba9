import { equalBytes } from "@qpc/wire"
import { CLOCK_TOLERANCE_MS } from "../calendar.ts"
import type { ClientErrorCode } from "../client-error.ts"
import { diagnoseDamaged, diagnoseGroup, diagnoseLost } from "./diagnose-group.ts"
import { diagnosisOf, finding } from "./finding.ts"
import type { Diagnosis, Finding } from "./finding.ts"
import type { StuckState } from "./stuck-state.ts"
import type { Asked, ProfileSnapshot, ServerAnswer } from "./snapshot.ts"

/**
 * Says what is with a profile and with each of its groups. Pure: whoever has the same snapshot and the same answer gets the same
 * diagnosis.
 *
 * @param isSynchronised - True if everything that the server had was just taken in: what is behind now cannot be followed.
 */
export function diagnose(profile: ProfileSnapshot, asked: Asked, isSynchronised: boolean = false): Diagnosis {
  const grounds = { profile, asked, isSynchronised }
  if (!profile.isRegistered) return diagnosisOf([finding("not_registered")], grounds)
  const found = [...fromFailure(asked), ...fromAnswer(profile, asked), ...fromProfile(profile, asked)]
  const ofProfile = found.length === 0 ? [finding("healthy")] : found
  const ofGroups = profile.groups.flatMap((group) => {
    const { groupId } = group
    if (asked.kind !== "answered") return diagnoseGroup(group, "not_asked", isSynchronised)
    const answer = asked.groups.find((one) => equalBytes(one.groupId, groupId)) ?? "unknown"
    return diagnoseGroup(group, answer, isSynchronised)
  })
  const ofLost = profile.lost.map(({ groupId, rejoin }) => diagnoseLost(groupId, rejoin))
  const ofDamaged = profile.damaged.map(({ groupId, damage }) => diagnoseDamaged(groupId, damage))
  return diagnosisOf([...ofProfile, ...ofGroups, ...ofDamaged, ...ofLost], grounds)
}

/** What an error means that ended a try to open the profile, or to reach the server; `undefined` for any other. */
export function stateOfError(code: ClientErrorCode): StuckState | undefined {
  return BY_ERROR[code]
}

const BY_ERROR: Partial<Record<ClientErrorCode, StuckState>> = {
  store_in_use: "profile_in_use",
  store_wrong_password: "wrong_password",
  store_corrupt: "storage_damaged",
  store_newer: "profile_newer",
  store_full: "disk_full",
  store_io: "disk_failing",
  store_closed: "disk_failing",
  not_registered: "not_registered",
  session_expired: "logged_out",
  login_refused: "logged_out",
  identity_missing: "server_refuses",
  server_changed: "server_changed",
  certificate_expired: "certificate_expired",
  unreachable: "waiting_for_network",
  timeout: "waiting_for_network",
  rate_limited: "waiting_for_network",
  server_failed: "waiting_for_network",
  aborted: "waiting_for_network",
  server_refused: "server_refuses",
  protocol: "server_refuses",
}

function fromFailure(asked: Asked): readonly Finding[] {
  if (asked.kind !== "failed") return []
  const { code } = asked.error
  return [finding(stateOfError(code) ?? "server_refuses", { code })]
}

function fromProfile(profile: ProfileSnapshot, asked: Asked): readonly Finding[] {
  const { parked, keyPackages, isLoggedIn } = profile
  const found: Finding[] = []
  // Only where the server does not tell the time: who once had a wrong clock has messages of the future.
  if (asked.kind !== "answered") found.push(...fromStoredTimes(profile))
  if (!isLoggedIn && asked.kind === "not_asked") found.push(finding("logged_out"))
  if (parked.envelopeCount > 0) found.push(finding("invitation_awaited", { ...parked }))
  if (keyPackages.keptCount > 0 && keyPackages.validCount === 0) {
    found.push(finding("key_packages_expired", { keptCount: keyPackages.keptCount }))
  }
  return found
}

/** Nobody wrote down what has not happened yet. */
function fromStoredTimes({ clock: { nowMs, newestStoredMs } }: ProfileSnapshot): readonly Finding[] {
  const behindMs = newestStoredMs - nowMs
  return behindMs > CLOCK_TOLERANCE_MS ? [finding("clock_wrong", { offsetMs: behindMs, knownBy: "profile" })] : []
}

function fromAnswer(profile: ProfileSnapshot, asked: Asked): readonly Finding[] {
  if (asked.kind !== "answered") return []
  const { newestSeq, isInboxWaiting, clock } = asked
  const found: Finding[] = []
  if (newestSeq < profile.cursorSeq) found.push(finding("server_lost_inbox"))
  if (isInboxWaiting) found.push(finding("inbox_waiting"))
  if (clock !== undefined && Math.abs(clock.offsetMs) - clock.uncertaintyMs > CLOCK_TOLERANCE_MS) {
    found.push(finding("clock_wrong", { ...clock, knownBy: "server" }))
  }
  return [...found, ...fromStock(profile, asked)]
}

function fromStock({ keyPackageLow }: ProfileSnapshot, { keyPackages }: ServerAnswer): readonly Finding[] {
  const { availableCount, hasLastResort, lastResortUses } = keyPackages
  if (availableCount === 0 && !hasLastResort) return [finding("key_packages_none")]
  if (availableCount === 0 || lastResortUses > 0) {
    return [finding("key_packages_last_resort", { availableCount, lastResortUses })]
  }
  return availableCount < keyPackageLow ? [finding("key_packages_low", { availableCount })] : []
}
